/**
 * Where time goes, as a file that Chrome's and Perfetto's viewers open: what the host does on one track, what the
 * device computes on another. The format: Google, «Trace Event Format», complete events (`X`) in microseconds.
 */
import type { TimedDispatch } from '@anke/kernels';

const HOST = 1;
const DEVICE = 2;

interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M';
  readonly pid: 1;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

export class Trace {
  readonly #began = performance.now();
  readonly #events: TraceEvent[] = [];

  /** Does something on the host, and notes how long it took. */
  async host<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const now = performance.now();
      this.#add({ name, tid: HOST, started: started - this.#began, milliseconds: now - started });
    }
  }

  /**
   * Notes the dispatches of one replay. The device's clock is not the host's, so they end when the host has waited for
   * them, which is now.
   */
  device(dispatches: readonly TimedDispatch[]): void {
    const last = dispatches.at(-1);
    const began = performance.now() - this.#began - (last ? last.start + last.milliseconds : 0);
    for (const { kernel, variant, cost, start, milliseconds } of dispatches)
      this.#add({
        ...{ name: `${kernel} ${variant}`, tid: DEVICE, started: began + start, milliseconds },
        args: { ...cost, 'GFLOP/s': cost.flops / milliseconds / 1e6, 'GB/s': cost.bytes / milliseconds / 1e6 },
      });
  }

  #add(span: {
    readonly name: string;
    readonly tid: number;
    readonly started: number;
    readonly milliseconds: number;
    readonly args?: Readonly<Record<string, unknown>>;
  }): void {
    const { name, tid, started, milliseconds, args } = span;
    const times = { ts: 1000 * started, dur: 1000 * milliseconds };
    this.#events.push({ name, ph: 'X', pid: 1, tid, ...times, ...(args ? { args } : {}) });
  }

  /** @param device the name of the device's track */
  json(device: string): string {
    const track = (tid: number, name: string): TraceEvent => ({
      ...{ name: 'thread_name', ph: 'M', pid: 1, tid },
      args: { name },
    });
    return JSON.stringify({ traceEvents: [track(HOST, 'host'), track(DEVICE, device), ...this.#events] });
  }
}

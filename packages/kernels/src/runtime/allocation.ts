/**
 * Device memory, asked for in error scopes. A device that has no more gives a buffer that cannot be used, and says so a
 * little later. Such an error belongs to that buffer: it is thrown where the buffer is needed, and the device stays
 * usable.
 */
import { DeviceMemoryError } from './errors.js';

export interface Wanted {
  readonly label: string;
  readonly size: number;
  readonly usage: number;
}

export class Allocator {
  /** Buffers of which it is not known yet whether they are there. */
  readonly #pending = new Map<GPUBuffer, Promise<void>>();
  readonly #refused = new WeakMap<GPUBuffer, DeviceMemoryError>();

  /** @param report is told an error that is not about memory */
  constructor(
    readonly device: GPUDevice,
    private readonly report: (error: GPUError) => void,
  ) {}

  /** @param work is done with the buffer at once */
  create(wanted: Wanted, work: (buffer: GPUBuffer) => void = () => undefined): GPUBuffer {
    const buffers: GPUBuffer[] = [];
    return this.#inScopes(buffers, () => {
      const buffer = this.device.createBuffer(wanted);
      buffers.push(buffer);
      work(buffer);
      return buffer;
    });
  }

  /**
   * Does work with buffers. If it fails because one of them turns out to be refused, that is no error of its own.
   *
   * @throws DeviceMemoryError if one of them is known to be refused
   */
  use<T>(buffers: readonly GPUBuffer[], work: () => T): T {
    this.#check(buffers);
    const pending = buffers.filter((buffer) => this.#pending.has(buffer));
    return pending.length > 0 ? this.#inScopes(pending, work) : work();
  }

  /**
   * Waits until it is known of all buffers whether they are there.
   *
   * @throws DeviceMemoryError if one of these is not
   */
  async confirm(buffers: readonly GPUBuffer[]): Promise<void> {
    await Promise.all(this.#pending.values());
    this.#check(buffers);
  }

  #check(buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) {
      const error = this.#refused.get(buffer);
      if (error) throw error;
    }
  }

  /** @param buffers whose errors those of the work are */
  #inScopes<T>(buffers: readonly GPUBuffer[], work: () => T): T {
    this.device.pushErrorScope('validation');
    this.device.pushErrorScope('out-of-memory');
    try {
      return work();
    } finally {
      const scopes = [this.device.popErrorScope(), this.device.popErrorScope()];
      const outcome = this.#settle(buffers, scopes).then(() => {
        for (const buffer of buffers) if (this.#pending.get(buffer) === outcome) this.#pending.delete(buffer);
      });
      for (const buffer of buffers) this.#pending.set(buffer, outcome);
    }
  }

  async #settle(buffers: readonly GPUBuffer[], scopes: readonly Promise<GPUError | null>[]): Promise<void> {
    const before = buffers.map((buffer) => this.#pending.get(buffer));
    // Where a scope fails, the device is lost, and says so itself.
    const [memory, other] = await Promise.all(scopes.map((scope) => scope.catch(() => null)));
    await Promise.all(before);
    for (const buffer of memory ? buffers : []) {
      const { label, size: bytes } = buffer;
      if (!this.#refused.has(buffer)) this.#refused.set(buffer, new DeviceMemoryError({ label, bytes }));
    }
    if (other && !buffers.some((buffer) => this.#refused.has(buffer))) this.report(other);
  }
}

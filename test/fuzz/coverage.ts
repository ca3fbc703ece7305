/**
 * Which parts of the code have run, as V8 itself counts them: inputs that reach new ones are kept and changed further.
 * (Jazzer.js, which would do this by libFuzzer, needs a C library newer than that of systems this project supports.)
 */
import { Session } from 'node:inspector';

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}
interface Script {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The parts that have run since the last call. */
  ran(): Set<string> {
    let scripts: readonly Script[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (_, taken) => {
      scripts = taken.result as readonly Script[];
    });
    const ran = new Set<string>();
    for (const { url, functions } of scripts) {
      if (!url.startsWith('file:') || url.includes('/test/fuzz/')) continue;
      for (const { ranges } of functions)
        for (const { startOffset, endOffset, count } of ranges)
          if (count > 0) ran.add(`${url} ${startOffset} ${endOffset}`);
    }
    return ran;
  }

  /** Those of them that have never run before. */
  fresh(): string[] {
    const fresh = [...this.ran()].filter((part) => !this.#seen.has(part));
    for (const part of fresh) this.#seen.add(part);
    return fresh;
  }

  get parts(): number {
    return this.#seen.size;
  }
}

/** What of a session is in use, so that it is kept. */
import type { DeviceData, Samples } from './device-data.js';
import type { Pass } from './pass.js';
import type { Session } from './session.js';

/** Samples and passes of a session that are in use for a while, and are given back together. */
export class Use {
  readonly #samples: Samples[] = [];
  readonly #passes: Pass[] = [];

  constructor(private readonly session: Session) {}

  data(samples: Samples, label: string): DeviceData {
    const data = this.session.data.acquire(samples, label);
    this.#samples.push(samples);
    return data;
  }

  pass(pass: Pass): Pass {
    this.#passes.push(pass);
    return pass;
  }

  release(): void {
    for (const pass of this.#passes) this.session.release(pass);
    for (const samples of this.#samples) this.session.data.release(samples);
  }
}

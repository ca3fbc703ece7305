/** Work that takes long, a piece at a time, so that it never has more than one core and the memory of one piece. */
import { unavailable } from './request-error.js';

const MOST_WAITING = 16;

export class HeavyWork {
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @throws RequestError if too much waits already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MOST_WAITING) throw unavailable('too many long requests wait already');
    this.#waiting++;
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.#waiting--;
    }
  }
}

/**
 * Waits for the driver's compiler, but not for ever: some compilers take time exponential in a shader's branches, and
 * nothing in WebGPU tells that from work that will be done soon, nor ends it.
 */

/** The driver has not compiled a shader within the time that there is for it. */
export class SlowCompileError extends Error {
  override readonly name = 'SlowCompileError';

  constructor(label: string, seconds: number) {
    super(`${label}: the driver has not compiled this shader within ${seconds} seconds`);
  }
}

const SECOND = 1000;

/**
 * Many shaders are compiled side by side, on few cores, so that a shader may wait for the others: what counts is the
 * time in which none was done. It is counted by a timer that ticks every second, so that a machine that is asleep, or
 * too busy to let the timer run, does not count.
 */
export class Patience {
  /** What is waited for: each ends the wait. */
  readonly #waits = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Ticks since a shader was done, or a new one begun. */
  #ticks = 0;
  #abandoned = 0;

  /** @param seconds without any shader being done, after which those that are waited for are given up */
  constructor(public seconds: number) {}

  /** How many shaders that were given up the driver still compiles. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /**
   * Settles as `work` does, or gives it up.
   *
   * @throws SlowCompileError if it is given up; the driver goes on with it all the same
   */
  async wait<T>(label: string, work: Promise<T>): Promise<T> {
    this.#ticks = 0;
    this.#timer ??= setInterval(() => this.#tick(), SECOND);
    let giveUp = (): void => undefined;
    const end = new Promise<never>((_, reject) => {
      giveUp = () => {
        this.#abandoned++;
        const done = (): void => void this.#abandoned--;
        work.then(done, done);
        reject(new SlowCompileError(label, this.seconds));
      };
    });
    this.#waits.add(giveUp);
    try {
      return await Promise.race([work, end]);
    } finally {
      this.#ticks = 0;
      this.#waits.delete(giveUp);
      if (this.#waits.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  #tick(): void {
    this.#ticks++;
    if (this.#ticks >= this.seconds) for (const giveUp of this.#waits) giveUp();
  }
}

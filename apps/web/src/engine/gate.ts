/**
 * A gate that training passes between two submits: closed while the page is hidden, people want a pause, or the device
 * is measured.
 */

export type Closing = 'people' | 'measurement';

export class Gate {
  readonly #closings = new Set<Closing>();
  #closed: Promise<void> | undefined;
  #open: () => void = () => undefined;
  #arrive: () => void = () => undefined;
  #isWaiting = false;
  /** How long it has been closed in all, in milliseconds. */
  waited = 0;

  close(why: Closing): void {
    this.#closings.add(why);
    this.#closed ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Opens it, unless it is closed for another reason too. */
  open(why: Closing): void {
    this.#closings.delete(why);
    if (this.#closings.size > 0) return;
    this.#closed = undefined;
    this.#open();
  }

  /** Passes it, as soon as it is open. */
  async pass(): Promise<void> {
    const started = performance.now();
    this.#isWaiting = this.#closed !== undefined;
    if (this.#isWaiting) this.#arrive();
    while (this.#closed) await this.#closed;
    this.#isWaiting = false;
    this.waited += performance.now() - started;
  }

  /** Ends once the training stands before the closed gate. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isWaiting) resolve();
      else this.#arrive = resolve;
    });
  }
}

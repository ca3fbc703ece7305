/** A gate that training passes between two submits: closed while the page is hidden, or people want a pause. */
export class Gate {
  #closed: Promise<void> | undefined;
  #open: () => void = () => undefined;
  /** How long it has been closed in all, in milliseconds. */
  waited = 0;

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  close(): void {
    this.#closed ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#closed = undefined;
    this.#open();
  }

  /** Passes it, as soon as it is open. */
  async pass(): Promise<void> {
    const started = performance.now();
    while (this.#closed) await this.#closed;
    this.waited += performance.now() - started;
  }
}

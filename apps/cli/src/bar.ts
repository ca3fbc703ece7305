/** A progress bar in a terminal, which gets its cursor and its line wrap back however the program ends. */
import { SingleBar } from 'cli-progress';

const SHOW_CURSOR = '\x1b[?25h';
const WRAP_LINES = '\x1b[?7h';
const CLEAR_LINE = '\r\x1b[K';
/** Columns that are left to what is said behind the bar before it becomes the shortest. */
const BEHIND = 65;

export class Bar {
  readonly #bar: SingleBar;
  readonly #size: number;
  #share = 0;
  #isStarted = false;
  /** What the library takes back only when it is stopped in time. */
  readonly #restore: () => void;

  constructor(
    stream: NodeJS.WriteStream,
    private readonly columns: number,
    private readonly label: string,
  ) {
    this.#size = Math.max(5, Math.min(28, columns - label.length - BEHIND));
    this.#restore = () => stream.write(CLEAR_LINE + WRAP_LINES + SHOW_CURSOR);
    process.on('exit', this.#restore);
    this.#bar = new SingleBar({
      format: '{line}',
      formatValue: String,
      hideCursor: true,
      gracefulExit: false, // the program's own handlers end it, and restore what is to be restored
      clearOnComplete: true,
      stream,
    });
  }

  /**
   * @param share what is done, 0 … 1; where that is unknown there is no bar. It never goes back.
   * @param pieces what is said behind it, the most important first: what does not fit is left out
   */
  draw(share: number | undefined, pieces: readonly string[]): void {
    let line = this.label;
    if (share !== undefined) {
      this.#share = Math.max(this.#share, Math.min(share, 1));
      const full = Math.round(this.#share * this.#size);
      line += ` ${'█'.repeat(full)}${'░'.repeat(this.#size - full)}`;
    }
    for (const [i, piece] of pieces.entries()) {
      const longer = `${line}${i === 0 ? ' ' : '  '}${piece}`;
      if (longer.length >= this.columns) break;
      line = longer;
    }
    if (!this.#isStarted) this.#bar.start(1, this.#share, { line });
    this.#isStarted = true;
    this.#bar.update(this.#share, { line });
  }

  remove(): void {
    this.#bar.stop();
    process.off('exit', this.#restore);
  }
}

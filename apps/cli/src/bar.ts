/** A progress bar in a terminal, which gets its cursor and its line wrap back however the program ends. */
import { SingleBar } from 'cli-progress';

/** What the bar says. */
export interface BarText {
  readonly label: string;
  readonly amount: string;
  readonly rate: string;
  readonly left: string;
}

const SHOW_CURSOR = '\x1b[?25h';
const WRAP_LINES = '\x1b[?7h';
const CLEAR_LINE = '\r\x1b[K';

export class Bar {
  readonly #bar: SingleBar;
  #isStarted = false;
  /** What the library takes back only when it is stopped in time. */
  readonly #restore: () => void;

  /** @param kind what is counted, and whether it is known how much there is: else there is no bar, only an amount */
  constructor(
    stream: NodeJS.WriteStream,
    columns: number,
    { label, unit, isKnown }: { readonly label: string; readonly unit: string; readonly isKnown: boolean },
  ) {
    const narrow = columns < label.length + 60;
    this.#restore = () => stream.write(CLEAR_LINE + WRAP_LINES + SHOW_CURSOR);
    process.on('exit', this.#restore);
    this.#bar = new SingleBar({
      format: formatOf(isKnown, narrow, unit),
      barsize: Math.max(6, Math.min(28, columns - label.length - (narrow ? 24 : 52))),
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      gracefulExit: false, // the program's own handlers end it, and restore what is to be restored
      clearOnComplete: true,
      stream,
    });
  }

  draw(done: number, total: number, text: BarText): void {
    if (!this.#isStarted) this.#bar.start(total, done, text);
    this.#isStarted = true;
    if (total > 0) this.#bar.setTotal(total);
    this.#bar.update(done, text);
  }

  remove(): void {
    this.#bar.stop();
    process.off('exit', this.#restore);
  }
}

function formatOf(isKnown: boolean, narrow: boolean, unit: string): string {
  if (!isKnown) return narrow ? '{label} {amount}' : '{label} {amount}  {rate}';
  if (narrow) return '{label} {bar} {percentage}%  {left}';
  return `{label} {bar} ${unit === 'bytes' ? '{amount}' : '{percentage}%'}  {rate}  {left}`;
}

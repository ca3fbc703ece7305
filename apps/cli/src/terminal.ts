/** What people see: lines, headings and progress, in a terminal, a pipe or CI. */
import { count, duration } from '@anke/report';
import { SingleBar } from 'cli-progress';
import colors from 'picocolors';
import { shown } from './one-line.js';

/**
 * With `--json`, or where the output itself is stdout, stdout belongs to the machine, and people's lines go to stderr.
 */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #json: boolean;
  readonly #quiet: boolean;
  /** Lines that stay below all others, in a terminal. */
  #footer: readonly string[] = [];

  /** @param options `quiet`: nothing is said but what was asked for */
  constructor({
    json = false,
    quiet = false,
    output,
  }: { readonly json?: boolean; readonly quiet?: boolean; readonly output?: string } = {}) {
    this.#json = json;
    this.#quiet = quiet;
    this.#stream = json || output === '-' ? process.stderr : process.stdout;
  }

  get columns(): number {
    return this.#stream.isTTY ? this.#stream.columns : 100;
  }

  say(line = ''): void {
    if (!this.#quiet) this.print(line);
  }

  /** A line that was asked for, also where nothing else is said. */
  print(line: string): void {
    this.#write([line]);
  }

  /** Whether there is room for a picture of so many columns, and somebody to see it. */
  shows(columns: number): boolean {
    return this.#stream.isTTY && !this.#quiet && this.columns >= columns && this.#stream.rows >= 24;
  }

  /** Puts these lines below all others, in place of those that were there. */
  footer(lines: readonly string[]): void {
    this.#write([], lines);
  }

  #write(lines: readonly string[], footer = this.#footer): void {
    const height = this.#footer.length;
    const erase = height > 0 ? `\r\x1b[${height}A\x1b[J` : '';
    this.#footer = footer;
    this.#stream.write(erase + [...lines, ...footer].map((line) => `${shown(line)}\n`).join(''));
  }

  heading(text: string): void {
    this.say();
    this.say(colors.bold(text));
  }

  /** A name and what it is, in two columns. */
  fact(name: string, value: string): void {
    this.say(`  ${colors.dim(name.padEnd(21))} ${value}`);
  }

  /** The last line on stdout, if `--json` asked for it. */
  result(value: object): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /**
   * A bar with rate and time left, shown after a moment and only in a terminal; call `stop` when done.
   *
   * @param unit what is counted, in the plural
   */
  progress(label: string, unit: string): { update(done: number, total: number): void; stop(): void } {
    const started = performance.now();
    let first: number | undefined;
    let bar: SingleBar | undefined;
    return {
      /** `total` is 0 if it is unknown: then there is no bar. */
      update: (done, total) => {
        first ??= done;
        if (!this.#stream.isTTY || this.#quiet || performance.now() - started < 400) return;
        const seconds = (performance.now() - started) / 1000;
        // What was there before, of an interrupted download, took no time.
        const rate = (done - first) / seconds;
        const left = rate > 0 ? (total - done) / rate : 0;
        const payload = {
          label: shown(label),
          amount: total > 0 && unit === 'bytes' ? `${megabytes(done)} of ${megabytes(total)} MB` : amount(done, unit),
          rate: `${amount(rate, unit)}/s`,
          left: duration(left),
        };
        if (!bar) {
          const narrow = this.columns < label.length + 60;
          const width = Math.max(6, Math.min(28, this.columns - label.length - (narrow ? 24 : 52)));
          bar = new SingleBar({
            format: formatOf(total > 0, narrow, unit),
            barsize: width,
            barCompleteChar: '█',
            barIncompleteChar: '░',
            hideCursor: true,
            clearOnComplete: true,
            stream: this.#stream,
          });
          bar.start(total, done, payload);
        } else {
          if (total > 0) bar.setTotal(total);
          bar.update(done, payload);
        }
      },
      stop: () => {
        bar?.stop();
        bar = undefined;
      },
    };
  }
}

function formatOf(known: boolean, narrow: boolean, unit: string): string {
  if (!known) return narrow ? '{label} {amount}' : '{label} {amount}  {rate}';
  if (narrow) return '{label} {bar} {percentage}%  {left} left';
  return `{label} {bar} ${unit === 'bytes' ? '{amount}' : '{percentage}%'}  {rate}  {left} left`;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

const amount = (value: number, unit: string): string =>
  unit === 'bytes' ? `${megabytes(value)} MB` : `${count(value)} ${unit}`;

/** What people see: lines, headings and progress, in a terminal, a pipe or CI. */
import { count, duration } from '@anke/report';
import colors from 'picocolors';
import { Bar } from './bar.js';
import { asCalled } from './called-as.js';
import { shown } from './one-line.js';
import { columnsOf } from './table.js';
import { fitting, wrapped } from './wrapping.js';

/** How something goes that takes a while. */
export interface Progress {
  /**
   * @param total 0 if it is unknown: then there is no bar
   * @param figures what else is to be seen, before the time left
   * @param remark the same, behind it
   */
  update(done: number, total: number, figures?: readonly string[], remark?: string): void;
  stop(): void;
}

/** Seconds that are measured before a rate is told. */
const MEASURED = 0.8;

/** Columns before what is said of a name. */
const FACT_INDENT = 24;

/**
 * With `--json`, or where the output itself is stdout, stdout belongs to the machine, and people's lines go to stderr.
 */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #json: boolean;
  readonly #quiet: boolean;
  /** Lines that stay below all others, in a terminal. */
  #footer: readonly string[] = [];
  /** Takes away the bar that is shown: a line takes its place, and the bar comes back below. */
  #hideBar: (() => void) | undefined;

  /** @param options `quiet`: nothing is said but what was asked for */
  constructor({
    json = false,
    quiet = false,
    out,
  }: { readonly json?: boolean; readonly quiet?: boolean; readonly out?: string | undefined } = {}) {
    this.#json = json;
    this.#quiet = quiet;
    this.#stream = json || out === '-' ? process.stderr : process.stdout;
  }

  get columns(): number {
    return this.#stream.isTTY ? this.#stream.columns : 100;
  }

  say(line = ''): void {
    if (!this.#quiet) this.print(line);
  }

  /** A line that was asked for, also where nothing else is said. */
  print(line: string): void {
    this.#write([asCalled(line)]);
  }

  /** Whether a line of so many columns stays one: in a pipe, each does. */
  fits(columns: number): boolean {
    return !this.#stream.isTTY || columns <= this.columns;
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
    this.#hideBar?.();
    const height = this.#footer.length;
    const erase = height > 0 ? `\r\x1b[${height}A\x1b[J` : '';
    this.#footer = footer;
    const texts = lines.flatMap((line) => this.#fitting(shown(line)));
    this.#stream.write(erase + [...texts, ...footer.map(shown)].map((line) => `${line}\n`).join(''));
  }

  /** In a terminal, no line is longer than it is wide: it would break within a word. */
  #fitting(text: string): string[] {
    return this.#stream.isTTY ? text.split('\n').flatMap((line) => fitting(line, this.columns)) : [text];
  }

  heading(text: string): void {
    this.say();
    this.say(colors.bold(text));
  }

  /** A name and what it is, in two columns; the second one goes on below itself, without room for a word below both. */
  fact(name: string, value: string): void {
    if (this.#quiet) return;
    const text = asCalled(value);
    const room = this.columns - FACT_INDENT;
    if (this.#stream.isTTY && wrapped(text, room).some((line) => columnsOf(line) > room)) {
      this.#write([`  ${colors.dim(name)}`, ...wrapped(text, this.columns - 4).map((line) => `    ${line}`)]);
      return;
    }
    const [first = '', ...rest] = wrapped(text, room);
    this.#write([
      `  ${colors.dim(name.padEnd(FACT_INDENT - 3))} ${first}`,
      ...rest.map((line) => ' '.repeat(FACT_INDENT) + line),
    ]);
  }

  /** Whether a result has been printed: what fails afterwards is told by it. */
  static hasResult = false;

  /** The last line on stdout, if `--json` asked for it. */
  result(value: object): void {
    Terminal.hasResult = true;
    if (this.#json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Names what takes a while and is not counted: gone when it is over, or a line where there is no terminal. */
  stage(label: string): Pick<Progress, 'stop'> {
    if (this.#quiet) return { stop: () => undefined };
    if (!this.#stream.isTTY) {
      this.say(`${label} …`);
      return { stop: () => undefined };
    }
    this.#hideBar?.();
    const bar = new Bar(this.#stream, this.columns, `${shown(label)} …`);
    bar.draw(undefined, []);
    const hide = (): void => {
      if (this.#hideBar !== hide) return;
      bar.remove();
      this.#hideBar = undefined;
    };
    this.#hideBar = hide;
    return { stop: hide };
  }

  /**
   * A bar with time left and rate, shown after a moment; call `stop` when done. Where there is no terminal, what takes
   * more than two seconds is named in a line.
   *
   * @param unit what is counted, in the plural
   * @param isTold whether a line follows when it is done, which names it then
   */
  progress(label: string, unit: string, isTold = false): Progress {
    const started = performance.now();
    // What was there at first, of an interrupted download, took no time; what came before is no part of the rate.
    let first: { readonly done: number; readonly time: number } | undefined;
    let isNamed = false;
    let bar: Bar | undefined;
    const hide = (): void => {
      bar?.remove();
      bar = undefined;
      if (this.#hideBar === hide) this.#hideBar = undefined;
    };
    return {
      update: (done, total, figures = [], remark = '') => {
        const now = performance.now();
        first ??= { done, time: now };
        const seconds = (now - started) / 1000;
        if (this.#quiet) return;
        if (!this.#stream.isTTY) {
          if (isTold || isNamed || seconds < 2) return;
          isNamed = true;
          this.say(`${label} …`);
          return;
        }
        if (seconds < 0.4) return;
        const measured = (now - first.time) / 1000;
        const rate = measured < MEASURED ? 0 : (done - first.done) / measured;
        const ofBytes = total > 0 ? `${megabytes(done)} of ${megabytes(total)} MB` : amount(done, unit);
        const pieces = [
          unit === 'bytes' || total === 0 ? ofBytes : `${Math.floor((100 * done) / total)}%`,
          ...figures,
          rate > 0 && done < total ? `${duration((total - done) / rate)} left` : '',
          remark,
          rate > 0 ? `${amount(rate, unit)}/s` : '',
        ];
        if (!bar) {
          this.#hideBar?.();
          bar = new Bar(this.#stream, this.columns, shown(label));
          this.#hideBar = hide;
        }
        bar.draw(
          total > 0 ? done / total : undefined,
          pieces.filter((piece) => piece !== ''),
        );
      },
      stop: hide,
    };
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

const amount = (value: number, unit: string): string =>
  unit === 'bytes' ? `${megabytes(value)} MB` : `${count(value)} ${unit}`;

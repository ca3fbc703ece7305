/** The CSV files of a source: `train.csv`, `val.csv`, `test.csv`, and others of labelled images, each its own set. */
import { isLabelled } from '../csv/header.js';
import { CsvParser, LONGEST_LINE } from '../csv/parser.js';
import { text } from '../csv/text.js';
import { DataError } from '../errors.js';
import type { SourceFile } from '../source.js';
import { type FoundSet, isRead, type LoadOptions, limitOf, type Taken, watched } from './options.js';
import { baseName, type Role, roleOf } from './roles.js';

const LINE_FEED = 0x0a;

export const isCsv = (name: string): boolean => /\.csv$/i.test(name);

export class CsvFiles {
  readonly #sets = new Map<string, FoundSet>();

  /** @param source the name of what the files lie in, for messages */
  constructor(
    readonly source: string,
    readonly options: LoadOptions,
  ) {}

  /** Reads one file of several: its name tells what it is for. */
  async take(file: SourceFile): Promise<Taken> {
    const role = roleOf(baseName(file.name));
    if (!isRead(role ?? 'extra', this.options)) return 'left';
    const parser = this.#parser(file, role ?? 'extra');
    if (role) await parse(file, parser, this.options);
    // A run or a program may have left other files beside the data, such as its history or a submission.
    else if (!(await parseIfLabelled(file, parser, this.options))) return 'unused';
    const name = baseName(file.name).replace(/\.csv$/i, '');
    const key = role ?? `extra ${name}`;
    const before = this.#sets.get(key)?.data.source;
    if (before) throw new DataError(`${this.source}: both ${before} and ${file.name} are there; which one is meant?`);
    this.#sets.set(key, { role: role ?? 'extra', name, data: parser.end() });
    return 'used';
  }

  /** Reads a file that is all there is. */
  async takeSingle(file: SourceFile): Promise<void> {
    const parser = this.#parser(file, undefined);
    await parse(file, parser, this.options);
    this.#sets.set('', { role: undefined, name: '', data: parser.end() });
  }

  finish(): FoundSet[] {
    return [...this.#sets.values()];
  }

  #parser(file: SourceFile, role: Role | undefined): CsvParser {
    const { imageShape, needs } = this.options;
    const limit = limitOf(role, this.options);
    const needed = { train: 'label', validation: 'label', test: 'either', extra: 'label' } as const;
    const need = role ? needed[role] : needs;
    const options = {
      ...(need ? { needs: need } : {}),
      ...(imageShape ? { imageShape } : {}),
      ...(limit === undefined ? {} : { limit }),
    };
    return new CsvParser(file.name, options, file.bytes);
  }
}

async function parse(file: SourceFile, parser: CsvParser, options: LoadOptions): Promise<void> {
  for await (const piece of watched(file, options).pieces()) {
    parser.push(piece);
    if (parser.full) return;
  }
}

/** Reads a file if its first line is that of labelled images; else stops there, and says so. */
async function parseIfLabelled(file: SourceFile, parser: CsvParser, options: LoadOptions): Promise<boolean> {
  let start: Uint8Array | undefined = new Uint8Array();
  for await (const piece of watched(file, options).pieces()) {
    if (start === undefined) {
      parser.push(piece);
      continue;
    }
    start = joined(start, piece);
    const end = start.indexOf(LINE_FEED);
    if (end < 0 && start.length < LONGEST_LINE) continue;
    if (end < 0 || !isLabelled(text(start, 0, end))) return false;
    parser.push(start);
    start = undefined;
  }
  return start === undefined;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

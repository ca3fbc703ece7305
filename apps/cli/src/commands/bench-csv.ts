/** `anke bench csv`: times the CSV reader. */
import { CsvParser, type SourceFile } from '@anke/data';
import { openSource } from '@anke/files';
import { count, milliseconds, percent, timesOf } from '@anke/report';
import type { Command } from 'commander';
import { CommandError } from '../errors.js';
import { Terminal } from '../terminal.js';
import type { AnswerOptions } from './output.js';

interface Options extends AnswerOptions {}

export function addBenchCsv(bench: Command): void {
  bench
    .command('csv')
    .description(
      'time the CSV reader on a file: rows and bytes a second, memory, and the share of only reading the bytes',
    )
    .argument('<file>', 'a CSV file, or what holds a train.csv: a .csv.gz, a zip or tar archive, a folder')
    .addHelpText('after', '\nExamples:\n  anke bench csv data/digits\n  anke bench csv data/digits/train.csv --json')
    .action(runBenchCsv);
}

const REPEATS = 9;

async function runBenchCsv(path: string, options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const before = process.memoryUsage.rss();
  // Memory is what a single reading needs, so it is looked at after the first.
  const first = await readCsv(path, true);
  const peak = process.resourceUsage().maxRSS * 1024;
  const whole: number[] = [];
  const only: number[] = [];
  const bar = terminal.progress('Reading', 'times');
  for (let i = 0; i < REPEATS; i++) {
    whole.push((await readCsv(path, true)).ms);
    only.push((await readCsv(path, false)).ms);
    bar.update(i + 1, REPEATS);
  }
  bar.stop();
  const times = timesOf(whole);
  const reading = timesOf(only);
  const { name, bytes, rows, pixelBytes } = first;
  const seconds = times.median / 1000;
  terminal.fact('file', `${name}: ${count(rows)} rows, ${count(bytes)} bytes`);
  terminal.fact('read and checked', milliseconds(times));
  terminal.fact('first time', `${Math.round(first.ms)} ms`);
  terminal.fact('rate', `${count(rows / seconds)} rows/s, ${count(bytes / seconds / 1e6)} MB/s`);
  terminal.fact('only the bytes', `${milliseconds(reading)}, ${percent(reading.median / times.median)} of it`);
  const megabytes = (of: number): string => `${(of / 1e6).toFixed(0)} MB`;
  terminal.fact(
    'memory',
    `${megabytes(peak)} at most, ${megabytes(before)} before, ${megabytes(pixelBytes)} of pixels`,
  );
  terminal.result({
    file: name,
    rows,
    bytes,
    ms: times,
    readingMs: reading,
    firstMs: first.ms,
    peakBytes: peak,
    beforeBytes: before,
    pixelBytes,
  });
}

interface Reading {
  readonly name: string;
  readonly ms: number;
  readonly bytes: number;
  readonly rows: number;
  readonly pixelBytes: number;
}

/** Reads the file from its beginning, and makes a data set of it or not. */
async function readCsv(path: string, parse: boolean): Promise<Reading> {
  const started = performance.now();
  const source = await openSource(path);
  for await (const file of source.files()) {
    if (source.kind !== 'file' && !/(^|\/)train\.csv$/i.test(file.name)) continue;
    const { bytes, rows, pixelBytes } = await read(file, parse);
    return { name: file.name, ms: performance.now() - started, bytes, rows, pixelBytes };
  }
  throw new CommandError(`${path}: there is no train.csv in it`);
}

async function read(file: SourceFile, parse: boolean): Promise<{ bytes: number; rows: number; pixelBytes: number }> {
  const parser = new CsvParser(file.name, {}, file.bytes);
  let bytes = 0;
  for await (const piece of file.pieces()) {
    bytes += piece.length;
    if (parse) parser.push(piece);
  }
  const data = parse ? parser.end() : undefined;
  return { bytes, rows: data?.count ?? 0, pixelBytes: data?.pixels.length ?? 0 };
}

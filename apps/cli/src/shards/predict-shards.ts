/**
 * `anke predict --shards`: a CSV file's rows in parts, each predicted by a process of its own into a file that is there
 * as a whole or not at all; then all are put into one, in their order.
 *
 * Parts begin at whole batches of the size that one process would take, so the same images are predicted together, and
 * the bytes are those that one process writes. The parts lie in a hidden folder beside the output. When this process or
 * its workers are killed, the same command goes on with what is there.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DISK, makeFolder, moveWhole, takeLock, writeWhole } from '@anke/files';
import { predictionBatch } from '@anke/nn';
import { count, duration } from '@anke/report';
import { WEIGHTS_FILE } from '@anke/training';
import { countRows, type RowRange } from '../data-sets.js';
import { CommandError, UsageError } from '../errors.js';
import { version } from '../invocation.js';
import type { Terminal } from '../terminal.js';
import { startWorker } from '../worker-process.js';

/** What a prediction in parts is asked for. */
export interface ShardOptions {
  /** One, or several that vote. */
  readonly model: readonly string[];
  readonly input: string;
  readonly tta: number;
  readonly shards: number;
  readonly workers?: number;
  readonly batchSize?: number;
  readonly rows?: RowRange;
  readonly probabilities?: boolean;
  readonly invert?: boolean;
  readonly top?: number;
  readonly imageShape?: readonly number[];
}

/** Attempts at a part whose process says what is wrong, and at one whose process is killed. */
const ATTEMPTS = { failed: 2, killed: 5 };

/** @throws CommandError if a part cannot be predicted; what is done by then is kept */
export async function predictShards(terminal: Terminal, options: ShardOptions, out: string | undefined): Promise<void> {
  const { input, shards, workers = 1 } = options;
  if (out === undefined || out === '-') throw new UsageError('--shards needs --out: the CSV file that the parts make');
  if (options.rows) throw new UsageError('--rows and --shards both take parts of the file: choose one');
  // Copies are drawn by an image's place among all, which a part does not know.
  if (options.tta > 1) throw new UsageError('--tta cannot be given with --shards: its copies are of the whole file');
  const started = performance.now();
  const rows = await countRows(input);
  if (rows === 0) throw new CommandError(`${input}: there are no rows in it`);
  const batch = options.batchSize ?? predictionBatch(rows);
  const parts = partsOf(rows, batch, shards);
  const folder = join(dirname(out), `.${basename(out)}.shards`);
  makeFolder(dirname(out));
  await keepFor(folder, keyOf(options, batch));
  const release = await takeLock(join(folder, '.lock'), folder);
  const fileOf = ({ from, to }: RowRange): string => join(folder, `${from}-${to}.csv`);
  const waiting = parts.filter((part) => !existsSync(fileOf(part)));
  if (waiting.length < parts.length)
    terminal.say(`${count(parts.length - waiting.length)} of ${count(parts.length)} parts are there already`);
  const bar = terminal.progress('Predicting', 'parts');
  let done = parts.length - waiting.length;
  const work = async (): Promise<void> => {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      await predictPart(terminal, part, { words: wordsOf(options, batch, part), file: fileOf(part), folder });
      bar.update(++done, parts.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(workers, waiting.length) }, work));
    bar.stop();
    joinParts(parts.map(fileOf), out);
  } finally {
    bar.stop();
    release();
  }
  rmSync(folder, { recursive: true });
  const seconds = (performance.now() - started) / 1000;
  const rate = count(rows / seconds);
  terminal.say(
    `${count(rows)} predictions in ${duration(seconds)} (${rate} images/s), in ${count(parts.length)} parts`,
  );
  terminal.say(`written to ${out}`);
  terminal.result({ images: rows, seconds, out, shards: parts.length });
}

/** Rows in parts of whole batches, about equally many; fewer parts where there are fewer batches. */
export function partsOf(rows: number, batch: number, shards: number): RowRange[] {
  const batches = Math.ceil(rows / batch);
  const parts = Math.min(shards, batches);
  const at = (i: number): number => Math.min(rows, batch * Math.floor((i * batches) / parts));
  return Array.from({ length: parts }, (_, i) => ({ from: at(i), to: at(i + 1) }));
}

function wordsOf(options: ShardOptions, batch: number, { from, to }: RowRange): string[] {
  const { model, input, probabilities, invert, top, imageShape } = options;
  return [
    ...[
      'predict',
      ...model.flatMap((run) => ['--model', run]),
      '--input',
      input,
      '--rows',
      `${from}:${to}`,
      '--batch-size',
      String(batch),
      '--json',
    ],
    ...(probabilities ? ['--probabilities'] : []),
    ...(invert ? ['--invert'] : []),
    ...(top === undefined ? [] : ['--top', String(top)]),
    ...(imageShape ? ['--image-shape', imageShape.join(',')] : []),
  ];
}

interface PartWork {
  readonly words: readonly string[];
  readonly file: string;
  readonly folder: string;
}

async function predictPart(terminal: Terminal, { from, to }: RowRange, work: PartWork): Promise<void> {
  const { words, file, folder } = work;
  const attempts = { failed: 0, killed: 0 };
  for (;;) {
    const { error, signal } = await startWorker([...words, '--out', file], join(folder, 'log')).ended;
    if (existsSync(file)) return;
    const kind = signal ? 'killed' : 'failed';
    const reason = signal ? `its process was killed (${signal})` : (error ?? 'its process wrote nothing');
    const which = `rows ${count(from)} to ${count(to)}`;
    if (++attempts[kind] === ATTEMPTS[kind])
      throw new CommandError(`${which}: ${reason}; parts that are done are kept: the same command goes on with them`);
    terminal.say(`${which}: ${reason}; once more`);
  }
}

/** By what the parts of one prediction are told from those of another. */
function keyOf(options: ShardOptions, batch: number): string {
  const { model, input } = options;
  const weights = model.map((run) => {
    const file = existsSync(join(run, WEIGHTS_FILE)) ? join(run, WEIGHTS_FILE) : run;
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  });
  const { size, mtimeMs } = statSync(input);
  const words = wordsOf(options, batch, { from: 0, to: 0 });
  return JSON.stringify([version, weights, resolve(input), size, mtimeMs, words]);
}

/** Makes the folder of the parts; those of another prediction are deleted. */
async function keepFor(folder: string, key: string): Promise<void> {
  const path = join(folder, 'key.json');
  if (existsSync(folder)) {
    const release = await takeLock(join(folder, '.lock'), folder);
    const isSame = existsSync(path) && readFileSync(path, 'utf8') === key;
    release();
    if (isSame) return;
    rmSync(folder, { recursive: true });
  }
  makeFolder(folder);
  writeWhole(path, key);
}

/** Puts files with the same first line into one, which is there when it is whole. */
function joinParts(files: readonly string[], out: string): void {
  const draft = join(dirname(out), `.${process.pid}.part`);
  try {
    for (const [i, file] of files.entries()) {
      const bytes = readFileSync(file);
      const rows = i === 0 ? bytes : bytes.subarray(bytes.indexOf(0x0a) + 1);
      if (i === 0) DISK.write(draft, rows);
      else appendFileSync(draft, rows);
    }
    DISK.sync(draft);
    moveWhole(draft, out);
  } catch (error) {
    DISK.remove(draft);
    throw Object.assign(error as NodeJS.ErrnoException, { path: out });
  }
}

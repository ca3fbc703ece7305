/**
 * `pnpm bench:csv [FILE]`: reads a CSV file of images by Anke's reader, by nodejs-polars and by papaparse, turn by
 * turn, each in a process of its own, so that nobody meets another's garbage. Memory is what such a process has needed
 * at most after its first reading. FILE is a CSV file, or a zip archive with a train.csv, which Anke reads from the
 * archive too; without it, 60,000 synthetic digits are written into a temporary folder. Anke checks every cell and
 * gives bytes; polars gives columns of 64-bit numbers, papaparse rows of strings. `--json` prints one JSON object on
 * stdout; all else then goes to stderr.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CsvParser, synthesize, writeCompetition } from '../../packages/data/dist/index.js';
import { digitOutlines, openSource } from '../../packages/files/dist/index.js';

const ROUNDS = 7;
const SYNTHETIC = { drawn: 6000, times: 10 };

let json = false;
let folder = '';
const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);

/** Each reads the file and returns its rows. */
const READERS: Readonly<Record<string, (path: string) => Promise<number> | number>> = {
  Anke: ankeRows,
  polars: async (path) => {
    const { default: polars } = await import('nodejs-polars');
    return polars.readCSV(path).height;
  },
  papaparse: async (path) => {
    const { default: papaparse } = await import('papaparse');
    return papaparse.parse(readFileSync(path, 'utf8'), { header: false, skipEmptyLines: true }).data.length - 1;
  },
};

async function ankeRows(path: string): Promise<number> {
  const source = await openSource(path);
  for await (const file of source.files()) {
    if (source.kind !== 'file' && !/(^|\/)train\.csv$/.test(file.name)) continue;
    const parser = new CsvParser(file.name, {}, file.bytes);
    for await (const piece of file.pieces()) parser.push(piece);
    return parser.end().count;
  }
  throw new Error(`${path}: there is no train.csv in it`);
}

/** What a reader's process answers each time that it is asked to read. */
interface Answer {
  readonly ms: number;
  readonly peakBytes: number;
}

const words = process.argv.slice(2).filter((word) => word !== '--');
if (words[0] === '--reader') {
  const [, name = '', path = ''] = words;
  process.on('message', async () => {
    const started = performance.now();
    await READERS[name]?.(path);
    const answer: Answer = { ms: performance.now() - started, peakBytes: process.resourceUsage().maxRSS * 1024 };
    process.send?.(answer);
  });
} else {
  await main(words);
}

async function main(words: readonly string[]): Promise<void> {
  json = words.includes('--json');
  const paths = words.filter((word) => word !== '--json');
  if (paths.length > 1 || paths.some((path) => path.startsWith('-'))) {
    process.stderr.write(`bench:csv takes one file and --json, not ${paths.join(' ')}\n`);
    process.exit(2);
  }
  folder = mkdtempSync(join(tmpdir(), 'anke bench '));
  try {
    await compare(paths[0] === undefined ? await synthetic() : resolve(process.env['INIT_CWD'] ?? '.', paths[0]));
  } catch (error) {
    process.stderr.write(`anke: ${(error as Error).message}\n`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function compare(given: string): Promise<void> {
  const isArchive = (await openSource(given)).kind !== 'file';
  const csv = isArchive ? await unpacked(given) : given;
  const named = Object.keys(READERS).map((name) => ({ name, reader: name, path: csv }));
  if (isArchive) named.splice(1, 0, { name: 'Anke, from the archive', reader: 'Anke', path: given });
  const lanes = named.map(({ name, reader, path }) => ({
    name,
    child: fork(import.meta.filename, ['--reader', reader, path]),
    samples: [] as number[],
  }));
  const ask = async (child: ChildProcess): Promise<Answer> => {
    child.send('read');
    const [answer] = await once(child, 'message');
    return answer as Answer;
  };
  say(`${statSync(csv).size.toLocaleString('en-US')} bytes of CSV`);
  const peaks: number[] = [];
  for (const { child } of lanes) peaks.push((await ask(child)).peakBytes);
  for (let round = 0; round < ROUNDS; round++)
    for (const { child, samples } of lanes) samples.push((await ask(child)).ms);
  for (const { child } of lanes) child.kill();
  const results = lanes.map(({ name, samples }, i) => {
    const sorted = samples.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
    return { name, median: at(0.5), quartiles: [at(0.25), at(0.75)] as const, peakBytes: peaks[i] as number };
  });
  const anke = results[0] as (typeof results)[number];
  for (const { name, median, quartiles, peakBytes } of results) {
    const ratio = name === 'Anke' ? '' : `  ${(median / anke.median).toFixed(2)} × Anke's time`;
    const range = `${quartiles.map((ms) => ms.toFixed(0)).join(' … ')}`;
    const memory = `${(peakBytes / 1e6).toFixed(0).padStart(5)} MB at most`;
    say(`  ${name.padEnd(24)} ${median.toFixed(0).padStart(6)} ms (${range})  ${memory}${ratio}`);
  }
  if (json) process.stdout.write(`${JSON.stringify({ bytes: statSync(csv).size, results })}\n`);
}

/** The train.csv of an archive as a file of its own. */
async function unpacked(archive: string): Promise<string> {
  const path = join(folder, 'train.csv');
  for await (const file of (await openSource(archive)).files()) {
    if (!/(^|\/)train\.csv$/.test(file.name)) continue;
    await pipeline(file.pieces(), createWriteStream(path));
    return path;
  }
  throw new Error(`${archive}: there is no train.csv in it`);
}

/** Synthetic digits, written again and again until there are as many as in Kannada-MNIST. */
async function synthetic(): Promise<string> {
  say('drawing synthetic digits');
  const path = join(folder, 'train.csv');
  writeCompetition(
    await synthesize(digitOutlines(), { train: SYNTHETIC.drawn, test: 10, seed: 1 }),
    (name, content) => {
      if (name !== 'train.csv') return;
      const text = typeof content === 'string' ? content : new TextDecoder().decode(content);
      const rows = text.slice(text.indexOf('\n') + 1);
      writeFileSync(path, text.slice(0, text.indexOf('\n') + 1) + rows.repeat(SYNTHETIC.times));
    },
  );
  return path;
}

/**
 * `pnpm fuzz`: changed files for every reader, in processes of their own, one reader after the other, over and over
 * until the time is over. See CONTRIBUTING.md.
 *
 *     pnpm fuzz [--minutes N] [--reader NAME] [--seed S] [--jobs J] [--folder FOLDER]
 *     pnpm fuzz --table               what all runs so far have counted, as Markdown
 *     pnpm fuzz --reader NAME --input FILE     one input, to see what comes of it
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { optionsOf, refuse } from '../arguments.mjs';
import { type Count, inputsOf, NOTHING, readCounts, tableOf, writeCounts } from './counts.ts';
import type { Told } from './loop.ts';
import { outcomeOf, type Reader } from './reader.ts';
import { readers } from './readers.ts';

const USAGE = `pnpm fuzz: changed files for every reader, one reader after the other

  --minutes N      so long (10)
  --reader NAME    one reader only: ${Object.keys(readers).join(', ')}
  --seed S         of the changes; printed, so that a run can be repeated
  --jobs N         so many processes at once (1)
  --folder FOLDER  for counts, kept inputs and findings (.cache/fuzz)
  --table          what all runs so far have counted, as Markdown, instead
  --input FILE     one input for --reader, to see what comes of it, instead`;
const options = optionsOf(
  USAGE,
  {
    minutes: { type: 'string', default: '10' },
    reader: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    jobs: { type: 'string', default: '1' },
    folder: { type: 'string', default: join('.cache', 'fuzz') },
    input: { type: 'string' },
    table: { type: 'boolean', default: false },
  },
  { minutes: 'positive', seed: 'whole', jobs: 'whole' },
);

const from = process.env['INIT_CWD'] ?? process.cwd();
const folder = resolve(from, options.folder);
const countsFile = join(folder, 'counts.json');
/** Seconds that a reader has, before it is the next one's turn: the fast ones get further in them. */
const TURN = { fast: 150, slow: 30 };
/** Inputs a second of a fast reader. */
const FAST = 1000;
/** A process that has not said anything for so long hangs. */
const SILENT_MS = 60_000;

if (options.reader !== undefined && !Object.hasOwn(readers, options.reader))
  refuse(`there is no reader "${options.reader}"`);

if (options.table) {
  process.stdout.write(`${tableOf(readCounts(countsFile))}\n`);
} else if (options.input !== undefined) {
  const reader = (await readers[options.reader ?? '']?.()) as Reader;
  const outcome = await outcomeOf(reader, readFileSync(resolve(from, options.input)));
  process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
  process.exit(outcome.kind === 'finding' ? 1 : 0);
} else {
  await fuzz();
}

async function fuzz(): Promise<void> {
  mkdirSync(join(folder, 'findings'), { recursive: true });
  const end = Date.now() + 60_000 * Number(options.minutes);
  const names = options.reader === undefined ? Object.keys(readers) : [options.reader];
  let turn = 0;
  let found = 0;
  process.stderr.write(`fuzz: seed ${options.seed}, counts in ${countsFile}\n`);
  const job = async (): Promise<void> => {
    while (Date.now() < end) {
      const number = turn++;
      const name = names[number % names.length] as string;
      const { [name]: count = NOTHING } = readCounts(countsFile);
      const turnSeconds = inputsOf(count) > FAST * count.seconds ? TURN.fast : TURN.slow;
      const seconds = Math.min(turnSeconds, Math.max(1, (end - Date.now()) / 1000));
      found += await oneTurn(name, Number(options.seed) + number, seconds);
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, job));
  process.stdout.write(`${tableOf(readCounts(countsFile))}\n`);
  process.exit(found > 0 ? 1 : 0);
}

/** Lets one reader read for a while. @returns how many new kinds of findings there were */
async function oneTurn(name: string, seed: number, seconds: number): Promise<number> {
  const args = [name, String(seed), String(Math.ceil(seconds)), folder];
  const child: ChildProcess = fork(join(import.meta.dirname, 'loop.ts'), args, { execArgv: process.execArgv });
  let found = 0;
  let heard = Date.now();
  let hung = false;
  const watch = setInterval(() => {
    if (Date.now() - heard < SILENT_MS) return;
    hung = true;
    child.kill('SIGKILL');
  }, 1000);
  child.on('message', ({ results, refused, findings, seconds: spent, parts, kept }: Told) => {
    heard = Date.now();
    for (const { what, input } of findings) found += save(name, what, Buffer.from(input, 'base64'));
    add(name, { results, refused, findings: 0, seconds: spent, parts, kept });
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  clearInterval(watch);
  if (code !== 0) found += save(name, hung ? 'it hangs' : `the process ended with code ${code}`, lastInput(name));
  add(name, { ...NOTHING, findings: found });
  return found;
}

function add(name: string, more: Count): void {
  const counts = readCounts(countsFile);
  const before = counts[name] ?? NOTHING;
  counts[name] = {
    results: before.results + more.results,
    refused: before.refused + more.refused,
    findings: before.findings + more.findings,
    seconds: before.seconds + more.seconds,
    parts: more.parts || before.parts,
    kept: more.kept || before.kept,
  };
  writeCounts(countsFile, counts);
}

/** What a process that is dead was reading. */
function lastInput(name: string): Buffer {
  const record = readFileSync(join(folder, `current-${name}`));
  return record.length < 4 ? record : record.subarray(4, 4 + record.readUInt32LE());
}

/** Keeps the first input of each kind of finding, and the smallest. @returns 1 if the kind is new */
function save(name: string, what: string, input: Buffer): number {
  const kind = what
    .split('\n')
    .slice(0, 3)
    .join(' ')
    .replace(/"[^"]*"|\d+/g, '#')
    .slice(0, 200);
  const path = join(folder, 'findings', `${name}-${createHash('sha256').update(kind).digest('hex').slice(0, 10)}`);
  const isNew = !existsSync(path);
  if (!isNew && readFileSync(path).length <= input.length) return 0;
  writeFileSync(path, input);
  writeFileSync(`${path}.txt`, `${what}\n`);
  if (isNew) process.stderr.write(`fuzz: ${name}: ${what.split('\n')[0]?.slice(0, 200)} → ${path}\n`);
  return Number(isNew);
}

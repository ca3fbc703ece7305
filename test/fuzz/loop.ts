/**
 * A process that gives one reader inputs until its time is over: `loop.ts READER SEED SECONDS FOLDER`. It tells its
 * parent how many it has done. Before each input is read it lies in a file, so that the parent knows it even if the
 * process hangs or dies.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Dice } from './change.ts';
import { Corpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { type Outcome, outcomeOf, type Reader } from './reader.ts';
import { readers } from './readers.ts';

/** What a process has done since it said so last. */
export interface Told {
  readonly results: number;
  readonly refused: number;
  readonly findings: readonly { readonly what: string; readonly input: string }[];
  readonly seconds: number;
  readonly parts: number;
  readonly kept: number;
  readonly rss: number;
}

const MOST_BYTES = 2 ** 30;
/** Between two looks at what has run: each look costs some milliseconds. */
const LOOK_EVERY_MS = 1500;
/** An answer that takes longer will not come. */
const NEVER_MS = 20_000;

const [name = '', seed = '1', seconds = '60', folder = '.'] = process.argv.slice(2);
const reader = (await readers[name]?.()) as Reader;
// A stack costs more than most refusals; what is found is read once more, with one.
Error.stackTraceLimit = 0;
const dice = new Dice(Number(seed));
const corpus = new Corpus(await reader.seeds(), reader, join(folder, 'corpus', name));
const current = openSync(join(folder, `current-${name}`), 'w+');
const record = Buffer.alloc(2 ** 17);

let results = 0;
let refused = 0;
let findings: { what: string; input: string }[] = [];
let toldAt = performance.now();

function tell(): void {
  const now = performance.now();
  const told: Told = {
    results,
    refused,
    findings,
    seconds: (now - toldAt) / 1000,
    parts: coverage.parts,
    kept: corpus.inputs.length,
    rss: process.memoryUsage.rss(),
  };
  process.send?.(told);
  [results, refused, findings, toldAt] = [0, 0, [], now];
}

/** The input that is read now, for the parent. */
function note(input: Uint8Array): void {
  record.writeUInt32LE(input.length);
  record.set(input, 4);
  writeSync(current, record, 0, 4 + input.length, 0);
}

/** Made once and turned on by each input: a timer for each would cost more than a fast reader does. */
let waiting: { since: number; giveUp: () => void } | undefined;
setInterval(() => {
  if (waiting && performance.now() - waiting.since > NEVER_MS) waiting.giveUp();
}, 1000);

const settled = (outcome: Promise<Outcome>): Promise<Outcome> =>
  Promise.race([
    outcome,
    new Promise<Outcome>((resolve) => {
      waiting = { since: performance.now(), giveUp: () => resolve({ kind: 'finding', what: 'it never settles' }) };
    }),
  ]);

async function give(input: Uint8Array): Promise<Outcome> {
  note(input);
  const given = outcomeOf(reader, input);
  const outcome = given instanceof Promise ? await settled(given) : given;
  if (outcome.kind === 'result') results++;
  else if (outcome.kind === 'refused') refused++;
  else if (findings.length < 50)
    findings.push({ what: await explained(input, outcome.what), input: Buffer.from(input).toString('base64') });
  return outcome;
}

async function explained(input: Uint8Array, what: string): Promise<string> {
  Error.stackTraceLimit = 8;
  const outcome = await Promise.race([
    outcomeOf(reader, input),
    new Promise<undefined>((done) => setTimeout(done, 2000)),
  ]);
  Error.stackTraceLimit = 0;
  return outcome?.kind === 'finding' ? outcome.what : `${what} (not when it is read once more)`;
}

const coverage = new Coverage();
for (const input of corpus.inputs) corpus.isNewAnswer(await give(input));
coverage.fresh();
tell();

const end = performance.now() + 1000 * Number(seconds);
/** Inputs since the last look. */
let recent: Uint8Array[] = [];
const RECENT = 20_000;
let lookAt = performance.now() + LOOK_EVERY_MS;
for (let count = 1; performance.now() < end; count++) {
  const input = corpus.next(dice);
  const outcome = await give(input);
  if (corpus.isNewAnswer(outcome)) corpus.keep(input);
  if (recent.length < RECENT) recent.push(input);
  if (count % 64 !== 0 || performance.now() < lookAt) continue;
  if (process.memoryUsage.rss() > MOST_BYTES) {
    findings.push({ what: 'more than 1 GiB of memory', input: Buffer.from(input).toString('base64') });
    tell();
    break;
  }
  await keepThose(recent, coverage.fresh());
  recent = [];
  lookAt = performance.now() + LOOK_EVERY_MS;
  tell();
  // What other work the readers have left behind may go on.
  await new Promise((resolve) => setImmediate(resolve));
}
tell();
closeSync(current);
process.disconnect?.();
process.exit(0);

/** Keeps an input for each of these parts, or for many at once: the inputs are given once more, half by half. */
async function keepThose(inputs: readonly Uint8Array[], parts: readonly string[]): Promise<void> {
  if (parts.length === 0) return;
  if (inputs.length <= 1) {
    for (const input of inputs) corpus.keep(input);
    return;
  }
  const half = inputs.slice(0, inputs.length >> 1);
  coverage.ran();
  for (const input of half) await quietly(input);
  const ran = coverage.ran();
  const early = parts.filter((part) => ran.has(part));
  await keepThose(half, early);
  await keepThose(
    inputs.slice(inputs.length >> 1),
    parts.filter((part) => !ran.has(part)),
  );
}

async function quietly(input: Uint8Array): Promise<void> {
  const given = outcomeOf(reader, input);
  if (given instanceof Promise) await settled(given);
}

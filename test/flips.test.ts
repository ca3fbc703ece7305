/**
 * Single bits that change in the files of a run, and what commands then make of it: they say which file is damaged, or
 * come to the same result. If this failed, a changed bit would change a result in silence.
 *
 * FLIPS=1000 SEED=2 pnpm exec vitest run test/flips.test.ts     tries more than the few of each test run
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { Gpu } from '@anke/kernels';
import { Random } from '@anke/random';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { explain } from '../apps/cli/src/errors.js';
import { createProgram } from '../apps/cli/src/program.js';

const FLIPS = Number(process.env['FLIPS'] ?? 40);
const SEED = Number(process.env['SEED'] ?? 1);

const work = mkdtempSync(join(tmpdir(), 'anke flips '));
const at = (name: string): string => join(work, name);
afterAll(() => rmSync(work, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

/** Runs a command in this process, and returns what it prints for machines, or what it says of its failure. */
async function anke(...args: readonly string[]): Promise<{ readonly output?: string; readonly error?: string }> {
  let output = '';
  const opened: Gpu[] = [];
  const open = Gpu.open.bind(Gpu);
  vi.spyOn(Gpu, 'open').mockImplementation(async (...given) => {
    const gpu = await open(...given);
    opened.push(gpu);
    return gpu;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
  try {
    await createProgram().parseAsync(['node', 'anke', ...args]);
    return { output };
  } catch (error) {
    return { error: explain(error).message };
  } finally {
    vi.restoreAllMocks();
    for (const gpu of opened) gpu.destroy();
  }
}

const RECIPE = {
  batchSize: 20,
  layers: [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }],
  phases: [{ optimizer: { type: 'Adam' }, epochs: 4, callbacks: [{ type: 'CSVLogger' }, { type: 'ModelCheckpoint' }] }],
};

/** What each command makes of a run: bytes or text that must stay the same. */
const COMMANDS: Readonly<Record<string, (run: string) => Promise<string>>> = {
  predict: async (run) => {
    rmSync(at('out.csv'), { force: true });
    await done(
      'predict',
      '--model',
      run,
      '--input',
      at('digits/test.csv'),
      '--output',
      at('out.csv'),
      '--probabilities',
    );
    return readFileSync(at('out.csv'), 'utf8');
  },
  evaluate: async (run) => {
    const { loss, accuracy } = JSON.parse(
      await done('evaluate', '--model', run, '--input', at('digits/Dig-MNIST.csv'), '--json'),
    );
    return `${loss} ${accuracy}`;
  },
  export: async (run) => {
    rmSync(at('out.onnx'), { force: true });
    await done('export', run, '--output', at('out.onnx'));
    return readFileSync(at('out.onnx'), 'hex');
  },
  resume: async (run) => {
    await done('train', '--resume', run);
    return readFileSync(join(run, 'model.safetensors'), 'hex');
  },
  compare: async (run) => {
    const result = JSON.parse(await done('compare', run, '--json'));
    return JSON.stringify(result.runs.map(({ run: _, ...rest }: { run: string }) => rest));
  },
  inspect: async (run) => await done('inspect', at('digits/test.csv'), '--model', run, '--json'),
};

class Failed extends Error {}

async function done(...args: readonly string[]): Promise<string> {
  const { output, error } = await anke(...args);
  if (error !== undefined) throw new Failed(error);
  return output?.trimEnd().split('\n').at(-1) ?? '';
}

const wanted = new Map<string, string>();

beforeAll(async () => {
  await done('synth', '--to', at('digits'), '--train', '60', '--test', '10', '--seed', '3', '--quiet');
  writeFileSync(at('tiny.json'), JSON.stringify(RECIPE));
  await done('train', '--recipe', at('tiny.json'), '--data', at('digits'), '--out', at('finished'), '--quiet');
  // As if it had been killed after three of its four epochs.
  cpSync(at('finished'), at('unfinished'), { recursive: true });
  const later = ['checkpoint/even.safetensors', 'model.safetensors', 'history.csv', 'report.html', 'curves.svg'];
  for (const name of later) rmSync(join(at('unfinished'), name));
  for (const [name, use] of Object.entries(COMMANDS)) wanted.set(name, await use(at('finished')));
});

/** Who reads a file of a run again; the others are for people. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  SHA256SUMS: Object.keys(COMMANDS),
  'recipe.json': ['compare', 'resume'],
  'config.json': ['resume'],
  'data.json': ['predict', 'evaluate', 'inspect', 'compare', 'resume'],
  'model.json': ['predict', 'evaluate', 'export'],
  'model.safetensors': ['predict', 'evaluate', 'export'],
  'kernels.json': ['predict', 'evaluate', 'resume'],
  'history.csv': ['compare'],
  'results.json': ['compare'],
  'checkpoint/even.safetensors': ['resume'],
  'checkpoint/odd.safetensors': ['resume'],
};

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

test(`of ${FLIPS} changed bits, none is used in silence`, async () => {
  const random = new Random(SEED, 'flips');
  const below = (count: number): number => Math.min(count - 1, Math.floor(random.between(0, count)));
  const oneOf = (list: readonly string[]): string => list[below(list.length)] as string;
  const figures = { named: 0, same: 0 };
  for (let flip = 0; flip < FLIPS; flip++) {
    const kind = below(4) > 0 ? 'finished' : 'unfinished';
    rmSync(at('run'), { recursive: true, force: true });
    cpSync(at(kind), at('run'), { recursive: true });
    // Mostly files that are read again, but any.
    const files = filesOf(at('run'));
    const read = files.filter((name) => name in READERS);
    const file = oneOf(below(8) > 0 ? read : files);
    const command = kind === 'unfinished' ? 'resume' : oneOf(READERS[file] ?? Object.keys(COMMANDS));
    const bytes = readFileSync(join(at('run'), file));
    const bit = below(8 * bytes.length);
    (bytes[bit >> 3] as number) ^= 1 << (bit & 7);
    writeFileSync(join(at('run'), file), bytes);
    const which = `${command} after bit ${bit} of ${file} in the ${kind} run`;
    try {
      const result = await (COMMANDS[command] as (run: string) => Promise<string>)(at('run'));
      expect(result === wanted.get(command), which).toBe(true);
      figures.same++;
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      const { message } = error;
      expect(message.includes(basename(file)) || message.includes('SHA256SUMS'), `${which}: ${message}`).toBe(true);
      expect(message, which).not.toMatch(/should not have happened|\p{Cc}/u);
      figures.named++;
    }
  }
  expect(figures.named).toBeGreaterThan(FLIPS / 4);
  console.log(`${FLIPS} changed bits: ${figures.named} named, ${figures.same} with the same result`);
}, 36_000_000);

test('an edited recipe is named, and taken when it is said that the change is meant', async () => {
  rmSync(at('run'), { recursive: true, force: true });
  cpSync(at('unfinished'), at('run'), { recursive: true });
  const path = join(at('run'), 'recipe.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"epochs": 4', '"epochs": 5'));
  const { error } = await anke('train', '--resume', at('run'));
  expect(error).toContain(`recipe.json: it has changed since it was written`);
  expect(error).toContain(`say so: anke check ${at('run')} --accept`);
  expect((await anke('train', '--recipe', path, '--data', at('digits'))).error).toBe(error);
  const checked = await anke('check', at('run'));
  expect(checked.error).toMatch(/[0-9] files are not what the run has written/);
  await done('check', at('run'), '--accept');
  expect(await done('check', at('run'))).toBe('All files are what the run has written.');
  expect(await done('train', '--resume', at('run'), '--json')).toContain('"epochs":5');
});

/** What measures: a step, kernels, a training to an accuracy. If these failed, it would tell of something else. */
import { beforeAll, expect, test } from 'vitest';
import { read, anke as run, written } from './command-line.js';

const anke = (...args: readonly string[]) => run(args);
const lastJson = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) as string);

/** A model with few shapes to compile. */
const OWN_RECIPE = {
  layers: [
    { type: 'DepthwiseConv2D', kernelSize: 3 },
    { type: 'Flatten' },
    { type: 'Dense', units: 'classes', activation: 'softmax' },
  ],
  phases: [{ optimizer: { type: 'SGD', momentum: 0.9 }, epochs: 1 }],
};
const OWN_MODEL = ['--recipe', 'own.json', '--image-shape', '12,10,3', '--classes', '7'];

beforeAll(() => {
  written('own.json', OWN_RECIPE);
  expect(anke('synth', '--out', 'digits', '--train', '240', '--test', '60', '--seed', '3').status).toBe(0);
});

test('doctor and bench step tell about the device', () => {
  const doctor = lastJson(anke('doctor', '--json').stdout);
  expect(doctor.adapter.name).not.toBe('');
  expect(doctor.limits.maxStorageBufferBindingSize).toBeGreaterThan(0);
  const bench = lastJson(anke('bench', 'step', '--batch', '4', '--no-tune', '--json').stdout);
  expect(bench.adapter).toBe(doctor.adapter.name);
  expect(bench.step.median).toBeGreaterThan(0);
  expect(bench.memory.planned).toBeLessThan(bench.memory.naive);
  expect(bench.dispatches).toBeLessThanOrEqual(30);
  expect(bench.growth).toHaveLength(1);
  const plain = lastJson(anke('bench', 'step', '--batch', '4', '--no-tune', '--no-fuse', '--json').stdout);
  expect(plain.dispatches).toBeGreaterThan(bench.dispatches + 20);
  expect(plain.kernels.map(({ kernel }: { kernel: string }) => kernel).join()).toContain('elementwise/relu');
});

test('bench step and bench kernels take any recipe, and say what is wrong with one', () => {
  const own = ['--batch', '4', ...OWN_MODEL, '--json'];
  const step = anke('bench', 'step', ...own, '--trace', 'trace.json');
  expect(step.status, step.stderr).toBe(0);
  const names = lastJson(step.stdout).kernels.map(({ kernel }: { kernel: string }) => kernel);
  expect(names.join()).toContain('depthwise/forward');
  expect(names.join()).toContain('optimizer/sgd-momentum');
  const kernels = anke('bench', 'kernels', '--filter', 'depthwise/forward', ...own);
  expect(kernels.status, kernels.stderr).toBe(0);
  const [{ params }] = lastJson(kernels.stdout).results;
  expect(params).toMatchObject({ batch: 4, height: 12, width: 10, channels: 3 });
  const { traceEvents } = JSON.parse(read('trace.json'));
  const spans = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X');
  expect(spans.filter(({ tid }: { tid: number }) => tid === 2)).toHaveLength(lastJson(step.stdout).dispatches);
  for (const { ts, dur } of spans) expect(Math.min(ts, dur)).toBeGreaterThanOrEqual(0);
  const hostWork = spans.filter(({ tid }: { tid: number }) => tid === 1).map(({ name }: { name: string }) => name);
  expect(hostWork.slice(0, 4)).toEqual([
    'record a training step',
    'fuse, plan and compile a training step',
    'submit',
    'wait',
  ]);
  expect(anke('bench', 'step', ...own, '--trace', 'trace.json').stderr).toContain('trace.json: it is there already');
  const wrong = anke('bench', 'step', '--recipe', 'own.json', '--image-shape', '2,2,1');
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('depthwise_conv2d');
});

test('bench kernels times a variant and compares it with an earlier run', () => {
  const bench = ['bench', 'kernels', '--filter', 'dense/forward', '--batch', '4', ...OWN_MODEL];
  const before = anke(...bench, '--json');
  expect(before.status, before.stderr).toBe(0);
  const { results, limits } = lastJson(before.stdout);
  expect(limits.gflops).toBeGreaterThan(0);
  expect(new Set(results.map((result: { variant: string }) => result.variant))).toContain('plain');
  expect(results.every((result: { ms: { median: number } }) => result.ms.median > 0)).toBe(true);
  written('before.json', lastJson(before.stdout));
  const after = anke(...bench, '--variant', 'plain', '--compare', 'before.json');
  expect(after.status, after.stderr).toBe(0);
  expect(after.stdout).toMatch(/dense\/forward plain .* → .* ms {2}.* × as (fast|slow)/);
  const wrong = anke(...bench, '--variant', 'magic');
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toMatch(/none of these kernels has a variant "magic"; there are .*plain/);
});

test('bench accuracy trains until it is reached, with each seed, and says where it is not', () => {
  const bench = ['bench', '--recipe', 'own.json', '--no-tune', '--json', '--set', 'phases.0.epochs=3'];
  const found = anke(...bench, 'digits', '--to', '0.2', '--seeds', '3', '--seed', '5');
  expect(found.status, found.stderr).toBe(0);
  const { attempts, median } = lastJson(found.stdout);
  expect(attempts.map(({ seed }: { seed: number }) => seed)).toEqual([5, 6, 7]);
  for (const { reached, accuracy, epochs, images, seconds } of attempts) {
    expect(reached).toBe(true);
    expect(accuracy).toBeGreaterThanOrEqual(0.2);
    expect(images).toBe(192 * epochs);
    expect(seconds).toBeGreaterThan(0);
  }
  const sorted = attempts.map(({ seconds }: { seconds: number }) => seconds).sort((a: number, b: number) => a - b);
  expect(median.seconds).toBe(sorted[1]);
  const missed = anke(...bench, 'digits', '--to', '0.999', '--seed', '5');
  expect(missed.status).toBe(1);
  expect(missed.stderr).toContain('anke: a validation accuracy of 99.90% was not reached with seed 5');
  expect(lastJson(missed.stdout)).toMatchObject({ attempts: [{ reached: false, epochs: 3 }] });
  expect(anke('bench').stderr).toContain('<data> is missing');
  expect(anke('bench', 'accuracy', 'stpe').stderr).toContain('stpe: there is no such file or folder');
  const mistyped = 'there is no command "bench stpe" (did you mean "step"?), and no such file or folder';
  expect(anke('bench', 'stpe')).toMatchObject({ status: 2, stderr: expect.stringContaining(mistyped) });
});

test('tune writes choices that a training takes', () => {
  // Work enough in one convolution to be worth a choice.
  const layers = [
    { type: 'Conv2D', filters: 64, kernelSize: 3 },
    { type: 'MaxPooling2D', poolSize: 4 },
  ];
  written('one.json', { ...OWN_RECIPE, layers: [...layers, ...OWN_RECIPE.layers.slice(1)] });
  const tune = anke('tune', '--recipe', 'one.json', '--prediction-batch', '16', '--out', 'choices.json');
  expect(tune.status, tune.stderr).toBe(0);
  const { device, choices } = JSON.parse(read('choices.json'));
  expect(device).not.toBe('');
  const forward = Object.keys(choices).find((key) => key.startsWith('conv2d/forward {"batch":32,')) as string;
  expect(Object.keys(choices).join()).toContain('conv2d/forward {"batch":16,');
  const variant = choices[forward] === 'plain' ? 'gemm32' : 'plain';
  written('other.json', { device, choices: { ...choices, [forward]: variant } });
  const train = anke('train', 'digits', '--recipe', 'one.json', '--kernels', 'other.json', '--out', 'tuned');
  expect(train.status, train.stderr).toBe(0);
  expect(JSON.parse(read('tuned/kernels.json')).choices[forward]).toBe(variant);
  expect(anke('tune', '--out', 'choices.json').stderr).toContain('choices.json: it is there already');
});

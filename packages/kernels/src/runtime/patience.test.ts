/** If these failed, a shader that the driver does not compile would keep a training from ever starting, or end it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { useGpu } from '../testing/device.js';
import { choiceKey } from './chooser.js';
import { Compiler } from './compiler.js';
import { defineKernel, type Variant } from './kernel.js';
import { SlowCompileError } from './patience.js';
import { Recorder } from './recorder.js';
import { Tuner } from './tuner.js';

const gpu = useGpu();

const writing = (value: number): Variant<object> => ({
  available: () => true,
  grid: () => [1, 1, 1],
  wgsl: () => `@compute @workgroup_size(1) fn main() { y[0] = ${value}.0; }`,
});

let cases = 0;
/** A kernel of its own for each test, as a variant that was given up stays so. */
function kernelOf(variants: Readonly<Record<string, Variant<object>>>) {
  cases++;
  return defineKernel<object, 'y'>({
    name: `test/patience-${cases}`,
    bindings: { y: { access: 'write', type: 'f32', length: () => 1 } },
    variants,
    cost: () => ({ flops: 1e9, bytes: 4 }),
    terms: () => 1,
    reference: () => ({ y: new Float64Array(1) }),
    magnitudes: () => ({ y: new Float64Array(1) }),
    cases: [{}],
  });
}

/** Ends the compilations that never end. */
let release: (() => void)[] = [];
let told: string[] = [];
let restore = (): void => undefined;

beforeEach(() => {
  const { device, compiler } = gpu();
  const create = device.createComputePipelineAsync;
  device.createComputePipelineAsync = (descriptor) =>
    /stuck/.test(descriptor.label ?? '')
      ? new Promise((_, reject) => release.push(() => reject(new Error('ended'))))
      : create.call(device, descriptor);
  const { seconds } = compiler.patience;
  compiler.patience.seconds = 1;
  compiler.onGiveUp = (line) => told.push(line);
  restore = () => {
    device.createComputePipelineAsync = create;
    compiler.patience.seconds = seconds;
    compiler.onGiveUp = () => undefined;
  };
});

afterEach(async () => {
  restore();
  for (const end of release) end();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(gpu().compiler.patience.abandoned).toBe(0);
  release = [];
  told = [];
});

async function resultOf(kernel: ReturnType<typeof kernelOf>, variant?: string): Promise<[string, number]> {
  const recorder = new Recorder(gpu());
  const y = gpu().storage('y', 4);
  recorder.dispatch(kernel, {}, { y }, variant);
  const recording = await recorder.finish();
  recording.submit();
  const [value] = await gpu().readFloats(y);
  const [time] = await recording.time();
  recording.destroy();
  return [String(time?.variant), Number(value)];
}

test('the next variant takes the place of one that the driver does not compile, from then on', async () => {
  const kernel = kernelOf({ stuck: writing(1), plain: writing(2) });
  expect(await resultOf(kernel)).toEqual(['plain', 2]);
  const reason = 'the driver has not compiled it within 1 seconds, and may go on trying';
  expect(told).toEqual([`${kernel.name}: the variant "stuck" is left out: ${reason}`]);
  expect(gpu().compiler.patience.abandoned).toBe(1);
  expect(gpu().compiler.available(kernel, {})).toEqual(['plain']);
  expect(await resultOf(kernel)).toEqual(['plain', 2]);
  expect(release.length).toBe(1);
});

test('when it was forced, or none is left, the error says so, and nothing stays behind', async () => {
  const { size } = gpu().compiler;
  const kernel = kernelOf({ plain: writing(1), stuck: writing(2) });
  await expect(resultOf(kernel, 'stuck')).rejects.toThrow(/no variant "stuck" .* has not compiled it within 1 seconds/);
  await expect(resultOf(kernelOf({ stuck: writing(1), stuckToo: writing(2) }))).rejects.toThrow('no variant runs');
  expect(gpu().compiler.size).toBe(size);
});

test('the tuner chooses among the others, and is told what runs instead of a choice', async () => {
  const kernel = kernelOf({ stuck: writing(1), plain: writing(2) });
  const tuner = new Tuner();
  await tuner.tune(gpu(), [{ kernel, params: {} }]);
  expect(tuner.choice(kernel, {})).toBe('plain');

  const other = kernelOf({ plain: writing(1), stuck: writing(2) });
  const saved: object[] = [];
  const given = new Tuner({ [choiceKey(other, {})]: 'stuck' }, false, (choices) => void saved.push(choices));
  const { device, traits } = gpu();
  const compiler = new Compiler(device, traits, given, async () => undefined);
  await compiler.giveUp({ kernel: other, params: {} }, 'stuck');
  expect(compiler.variantOf(other, {})).toBe('plain');
  expect(given.used).toEqual({ [choiceKey(other, {})]: 'plain' });
  expect(saved).toEqual([{ [choiceKey(other, {})]: 'plain' }]);
});

test('as long as other shaders get done, none is given up', async () => {
  const { patience } = gpu().compiler;
  patience.seconds = 2;
  let isOver = false;
  const late = new Promise<string>((resolve) => release.push(() => resolve('late')));
  const waited = patience.wait('late', late).finally(() => {
    isOver = true;
  });
  for (let i = 0; i < 4; i++) {
    await patience.wait('quick', new Promise((resolve) => setTimeout(resolve, 900)));
    expect(isOver).toBe(false);
  }
  await expect(waited).rejects.toThrow(SlowCompileError);
});

/** If these failed, the tuner would choose slow variants, forget choices, leak memory, or change results. */
import { expect, test } from 'vitest';
import { runKernel, sampleInputs } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { type Choices, choiceKey } from './chooser.js';
import { defineKernel, type Variant } from './kernel.js';
import { Recorder } from './recorder.js';
import { Tuner } from './tuner.js';
import { constants } from './wgsl.js';

const gpu = useGpu();

interface Params {
  readonly length: number;
}

/** y = x + 1; the other work changes nothing, but the compiler cannot know that. */
const variant = (rounds: number, suits = true): Variant<Params> => ({
  available: () => true,
  suits: () => suits,
  grid: (p) => [p.length / 64, 1, 1],
  wgsl: () => `
${constants({ ROUNDS: rounds })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  var value = x[thread.x];
  for (var i = 0u; i < ROUNDS; i++) { value = fract(value * 0.5) + x[(thread.x + i) % arrayLength(&x)]; }
  y[thread.x] = x[thread.x] + 1.0 + min(value, 0.0) * 1e-30;
}`,
});

const length = (p: Params): number => p.length;
const bindings = {
  x: { access: 'read', type: 'f32', length, sample: (_: Params, draw: { uniform(): number }) => draw.uniform() },
  y: { access: 'write', type: 'f32', length },
} as const;

const kernel = defineKernel<Params, keyof typeof bindings>({
  name: 'test/work',
  bindings,
  variants: { slow: variant(3000), fast: variant(1), unsuitable: variant(0, false) },
  cost: () => ({ flops: 1e9, bytes: 0 }),
  terms: () => 2,
  reference: (_, { x }) => ({ y: x.map((value) => value + 1) }),
  magnitudes: (_, { x }) => ({ y: x.map((value) => Math.abs(value) + 1) }),
  cases: [],
});
const params = { length: 4096 };

test('the fastest of the suitable variants is chosen, once', async () => {
  const told: Choices[] = [];
  const tuner = new Tuner({}, true, (choices) => void told.push(choices));
  await tuner.tune(gpu(), [{ kernel, params }]);
  expect(tuner.choice(kernel, params)).toBe('fast');
  expect(tuner.choice(kernel, { length: 64 })).toBeUndefined();
  expect(tuner.used).toEqual({ [choiceKey(kernel, params)]: 'fast' });
  expect(new Tuner(tuner.choices).used).toEqual({});
  await tuner.tune(gpu(), [{ kernel, params }]);
  expect(told).toEqual([{ [choiceKey(kernel, params)]: 'fast' }]);
});

test('choices of an earlier run are taken as they are, and a recording follows them', async () => {
  const tuner = new Tuner({ [choiceKey(kernel, params)]: 'slow' });
  await tuner.tune(gpu(), [{ kernel, params }]);
  expect(tuner.choice(kernel, params)).toBe('slow');

  // The device of these tests has no tuner: the kernel's own order counts.
  expect(gpu().compiler.variantOf(kernel, params)).toBe('slow');
  expect(gpu().compiler.candidates(kernel, params)).toEqual(['slow', 'fast']);
  const recorder = new Recorder(gpu());
  const x = gpu().storage('x', 4096 * 4);
  const y = gpu().storage('y', 4096 * 4);
  recorder.dispatch(kernel, params, { x, y });
  const recording = await recorder.finish();
  expect((await recording.time())[0]?.variant).toBe('slow');
  recording.destroy();
});

test('what needs too much memory to be timed stays undecided, and what was allocated before is freed', async () => {
  const { device } = gpu();
  const create = device.createBuffer;
  const buffers: { destroyed: boolean }[] = [];
  device.createBuffer = (descriptor) => {
    const buffer = create.call(device, descriptor);
    const entry = { destroyed: false };
    buffers.push(entry);
    const destroy = buffer.destroy;
    buffer.destroy = () => {
      entry.destroyed = true;
      return destroy.call(buffer);
    };
    return buffer;
  };
  try {
    // The input fits, the output does not.
    const y = { ...bindings.y, length: () => 2 ** 40 };
    const large = { ...kernel, name: 'test/large', bindings: { ...bindings, y } } as never;
    const tuner = new Tuner();
    await tuner.tune(gpu(), [{ kernel: large, params }]);
    expect(tuner.choices).toEqual({});
  } finally {
    device.createBuffer = create;
  }
  expect(buffers).toEqual([{ destroyed: true }]);
});

test('every variant computes the same', async () => {
  const inputs = sampleInputs(kernel, params);
  for (const name of Object.keys(kernel.variants)) {
    const { y } = await runKernel(gpu(), kernel, params, inputs, name);
    expect(y).toEqual(inputs.x.map((value) => Math.fround(value + 1)));
  }
});

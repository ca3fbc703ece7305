/**
 * If these failed, recorded steps would differ from eager ones, leak pipelines, or hide a mistake in how a kernel is
 * called.
 */
import { expect, test } from 'vitest';
import { batchNormNormalize } from '../batchnorm/forward.js';
import { add, scale } from '../elementwise/elementwise.js';
import { registry } from '../registry.js';
import { useGpu } from '../testing/device.js';
import { Eager } from './eager.js';
import { defineKernel } from './kernel.js';
import { Recorder } from './recorder.js';
import type { Storage } from './storage.js';

const gpu = useGpu();

test('a recording gives the bits that eager execution gives, again and again', async () => {
  const length = 1000;
  const input = gpu().upload(
    'input',
    Float32Array.from({ length }, (_, i) => Math.sin(i)),
  );
  const program = (executor: Eager | Recorder) => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => executor.temporary(name, length * 4));
    if (!a || !b || !c) throw new Error('three temporaries were asked for');
    executor.dispatch(scale, { length, factor: 1 / 3 }, { x: input, y: a });
    executor.dispatch(add, { length }, { a: input, b: a, sum: b });
    executor.dispatch(add, { length }, { a: b, b: b, sum: c });
    return c;
  };
  const eager = new Eager(gpu());
  const expected = program(eager);
  await eager.finish();
  const recorder = new Recorder(gpu());
  const got = program(recorder);
  recorder.keep(got);
  const recording = await recorder.finish();
  for (let round = 0; round < 3; round++) {
    recording.submit();
    expect(await gpu().readFloats(got)).toEqual(await gpu().readFloats(expected));
  }
  expect(recording.memory.naive).toBe(3 * length * 4);
  recording.destroy();
  eager.destroy();
});

test('bytes of any length arrive and come back', async () => {
  for (const length of [1, 3, 4, 5, 1023]) {
    const bytes = Uint8Array.from({ length }, (_, i) => 7 * i + 1);
    const storage = gpu().upload('bytes', bytes);
    expect(new Uint8Array(await gpu().read(storage)).subarray(0, length)).toEqual(bytes);
  }
});

test('the error names a binding that is too small', () => {
  const small = gpu().storage('too small', 8);
  const eager = new Eager(gpu());
  const call = () => eager.dispatch(scale, { length: 100, factor: 2 }, { x: small, y: small });
  expect(call).toThrow('elementwise/scale: binding "x" needs 400 bytes, but "too small" has 8');
});

test('the error names an unknown variant', () => {
  expect(() => gpu().compiler.variantOf(scale, { length: 1, factor: 1 }, 'fast')).toThrow(
    'elementwise/scale: no variant "fast"',
  );
});

const single = (name: string, wgsl: string) =>
  defineKernel<object, 'y'>({
    name,
    bindings: { y: { access: 'write', type: 'f32', length: () => 1 } },
    variants: { plain: { available: () => true, grid: () => [1, 1, 1], wgsl: () => wgsl } },
    cost: () => ({ flops: 0, bytes: 4 }),
    terms: () => 1,
    reference: () => ({ y: new Float64Array(1) }),
    magnitudes: () => ({ y: new Float64Array(1) }),
    cases: [{}],
  });

test('a shader that does not compile is reported with its line', async () => {
  const eager = new Eager(gpu());
  const wgsl = '@compute @workgroup_size(1)\nfn main() { y[0] = nonsense; }';
  eager.dispatch(single('faulty', wgsl), {}, { y: gpu().storage('y', 4) });
  await expect(eager.finish()).rejects.toThrow(/faulty\/plain does not compile: line 4: .*nonsense/);
});

test('the error names a binding that is missing', () => {
  const call = () => new Eager(gpu()).dispatch(scale, { length: 1, factor: 2 }, { x: gpu().storage('x', 4) });
  expect(call).toThrow('elementwise/scale: binding "y" is missing');
});

test('pipelines are shared while they are used, and forgotten with their last recording', async () => {
  const { compiler } = gpu();
  const before = compiler.size;
  const record = async () => {
    const recorder = new Recorder(gpu());
    const y = gpu().storage('y', 4);
    recorder.dispatch(single('one', '@compute @workgroup_size(1) fn main() { y[0] = 1.0; }'), {}, { y });
    return recorder.finish();
  };
  const [first, second] = [await record(), await record()];
  expect(compiler.size).toBe(before + 1);
  first.destroy();
  first.destroy();
  expect(compiler.size).toBe(before + 1);
  second.destroy();
  expect(compiler.size).toBe(before);
});

interface Halves {
  readonly length: number;
}

/** total = Σ x, as two partial sums that a second dispatch adds. */
const joined = defineKernel<Halves, 'x' | 'total'>({
  name: 'test/joined',
  bindings: {
    x: { access: 'read', type: 'f32', length: (p) => p.length },
    total: { access: 'write', type: 'f32', length: () => 1 },
  },
  variants: {
    split: {
      available: () => true,
      bindings: () => ['x', 'parts'],
      grid: () => [1, 1, 1],
      wgsl: (p) => `
@compute @workgroup_size(2)
fn main(@builtin(local_invocation_index) part: u32) {
  var sum = 0.0;
  for (var i = part; i < ${p.length}u; i += 2u) { sum += x[i]; }
  parts[part] = sum;
}`,
      join: {
        scratch: () => ({ parts: 2 }),
        bindings: () => ['parts', 'total'],
        grid: () => [1, 1, 1],
        wgsl: () => '@compute @workgroup_size(1) fn main() { total[0] = parts[0] + parts[1]; }',
      },
    },
  },
  cost: (p) => ({ flops: p.length, bytes: 4 * p.length }),
  terms: (p) => p.length,
  reference: (_, { x }) => ({ total: Float64Array.of(x.reduce((sum, value) => sum + value, 0)) }),
  magnitudes: (_, { x }) => ({ total: Float64Array.of(x.reduce((sum, value) => sum + Math.abs(value), 0)) }),
  cases: [{ length: 7 }],
});

test('a variant with a join runs as two dispatches, eagerly and recorded, with planned scratch memory', async () => {
  const x = gpu().upload('x', Float32Array.of(1, 2, 3, 4, 5, 6, 7));
  const total = gpu().storage('total', 4);
  const eager = new Eager(gpu());
  eager.dispatch(joined, { length: 7 }, { x, total });
  await eager.finish();
  expect([...(await gpu().readFloats(total))]).toEqual([28]);
  gpu().write(total, new Float32Array(1));
  const recorder = new Recorder(gpu());
  recorder.dispatch(joined, { length: 7 }, { x, total });
  const recording = await recorder.finish();
  recording.submit();
  expect([...(await gpu().readFloats(total))]).toEqual([28]);
  expect(recording.dispatches).toBe(2);
  expect(recording.memory.planned).toBe(8);
  expect((await recording.time()).map(({ variant }) => variant)).toEqual(['split', 'split join']);
  recording.destroy();
});

test('shapes that differ in their sizes alone share a shader, each with sizes of its own', async () => {
  const constants = [0, 1, 2, 1].map((value) => gpu().upload('constant', new Float32Array(3).fill(value)));
  const [mean, variance, gamma, beta] = constants as [Storage, Storage, Storage, Storage];
  const recorder = new Recorder(gpu());
  const outputs = [9, 1, 17].map((rows) => {
    const x = gpu().upload(
      'x',
      Float32Array.from({ length: rows * 3 }, (_, i) => i),
    );
    const y = gpu().storage('y', rows * 3 * 4);
    recorder.dispatch(batchNormNormalize, { rows, channels: 3, epsilon: 0 }, { x, mean, variance, gamma, beta, y });
    return y;
  });
  const before = gpu().compiler.size;
  const recording = await recorder.finish();
  expect(gpu().compiler.size).toBe(before + 1);
  recording.submit();
  for (const y of outputs) {
    const values = await gpu().readFloats(y);
    expect([...values]).toEqual(Array.from(values, (_, i) => 2 * i + 1));
  }
  recording.destroy();
  expect(gpu().compiler.size).toBe(before);
});

test('a variant that needs more workgroups or more scratch memory than the device allows is not used', async () => {
  const plain = { ...joined.variants['split'], join: undefined, bindings: undefined } as never;
  const wide = { ...joined.variants['split'], grid: () => [1, 1, 65536] } as never;
  const { split } = joined.variants;
  const large = { ...split, join: { ...split?.join, scratch: () => ({ parts: gpu().maxBinding / 4 + 1 }) } } as never;
  const kernel = { ...joined, variants: { wide, large, plain } };
  expect(gpu().compiler.available(kernel, { length: 7 })).toEqual(['plain']);
  expect(() => gpu().compiler.variantOf(kernel, { length: 7 }, 'wide')).toThrow('no variant "wide"');
});

test('every kernel has cases, a name of its own and a variant that runs them everywhere', () => {
  expect(new Set(registry.map(({ name }) => name)).size).toBe(registry.length);
  const bare = {
    subgroupSize: 0,
    pinsSubgroups: false,
    software: false,
    maxWorkgroupStorage: 16384,
    maxInvocations: 256,
  };
  for (const { name, cases, variants } of registry) {
    expect(cases.length, name).toBeGreaterThan(0);
    const last = Object.values(variants).at(-1);
    expect(
      cases.every((params) => last?.available(params, bare)),
      name,
    ).toBe(true);
  }
});

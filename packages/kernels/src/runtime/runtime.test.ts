import { expect, test } from 'vitest';
import { add, scale } from '../elementwise/elementwise.js';
import { registry } from '../registry.js';
import { useGpu } from '../testing/device.js';
import { Eager } from './executor.js';
import { defineKernel } from './kernel.js';
import { Recorder } from './recorder.js';

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
  const want = program(eager);
  await eager.finish();
  const recorder = new Recorder(gpu());
  const got = program(recorder);
  recorder.keep(got);
  const recording = await recorder.finish();
  for (let round = 0; round < 3; round++) {
    recording.submit();
    expect(await gpu().readFloats(got)).toEqual(await gpu().readFloats(want));
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

test('a binding that is too small is refused by name', () => {
  const small = gpu().storage('too small', 8);
  const eager = new Eager(gpu());
  const call = () => eager.dispatch(scale, { length: 100, factor: 2 }, { x: small, y: small });
  expect(call).toThrow('elementwise/scale: binding "x" needs 400 bytes, but "too small" has 8');
});

test('an unknown variant is refused by name', () => {
  expect(() => gpu().variantOf(scale, { length: 1, factor: 1 }, 'fast')).toThrow(
    'elementwise/scale: no variant "fast"',
  );
});

const broken = (name: string, wgsl: string) =>
  defineKernel<object, 'y'>({
    name,
    bindings: { y: { access: 'write', type: 'f32', length: () => 1 } },
    variants: { plain: { available: () => true, grid: () => [1, 1, 1], wgsl: () => wgsl } },
    cost: () => ({ flops: 0, bytes: 4 }),
    terms: () => 1,
    reference: () => ({ y: new Float64Array(1) }),
    cases: [{}],
  });

test('a shader that does not compile is reported with its line', async () => {
  const wgsl =
    '@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1)\nfn main() { y[0] = nonsense; }';
  const eager = new Eager(gpu());
  eager.dispatch(broken('faulty', wgsl), {}, { y: gpu().storage('y', 4) });
  await expect(eager.finish()).rejects.toThrow(/faulty\/plain does not compile .* line 3: .*nonsense/);
});

test('a shader whose bindings are not the declared ones is refused', () => {
  const wgsl = '@group(0) @binding(0) var<storage, read> x: array<f32>;\n@compute @workgroup_size(1) fn main() { }';
  const call = () => gpu().pipeline(broken('other', wgsl), {});
  expect(call).toThrow('other/plain: the kernel declares [0 read_write y f32], its shader [0 read x f32]');
});

test('every kernel has cases, a name of its own and a variant that runs them everywhere', () => {
  expect(new Set(registry.map(({ name }) => name)).size).toBe(registry.length);
  const bare = { subgroupSize: 0, maxWorkgroupStorage: 16384, maxInvocations: 256 };
  for (const { name, cases, variants } of registry) {
    expect(cases.length, name).toBeGreaterThan(0);
    const last = Object.values(variants).at(-1);
    expect(
      cases.every((params) => last?.available(params, bare)),
      name,
    ).toBe(true);
  }
});

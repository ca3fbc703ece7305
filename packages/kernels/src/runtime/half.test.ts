/** Kernels whose bindings hold float16: the same sums, in float32, of rounded inputs, rounded once in the end. */
import { describe, expect, test } from 'vitest';
import { registry } from '../registry.js';
import { EPSILON, sampleInputs } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { decodeHalves, encodeHalves, roundToHalf } from '../testing/float16.js';
import { Eager } from './executor.js';
import { halve } from './half.js';
import type { Kernel } from './kernel.js';
import type { Storage } from './storage.js';

const gpu = useGpu();

test('numbers become float16 and come back', () => {
  const exact = [0, 1, -1, 0.5, 65504, -65504, 2 ** -14, 2 ** -24, 1 + 1 / 1024, 3.140625];
  expect(Array.from(decodeHalves(encodeHalves(exact)))).toEqual(exact);
  expect([1 + 1 / 2048, 1 + 3 / 2048, 2 ** -25, 65520, 0.1].map(roundToHalf)).toEqual([
    1,
    1 + 2 / 1024,
    0,
    Number.POSITIVE_INFINITY,
    0.0999755859375,
  ]);
});

describe('a shader', () => {
  const wgsl = `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
fn main() {
  // y[0] = x[0] is only said.
  let n = arrayLength(&x);
  if (x[at[i]] == 0.0) { y[u32(x[2])] = max(x[i + u32(x[1])], w[0]); }
  max.x[0] = index[3];
}`;

  test('widens loads and rounds stores, also within one another', () => {
    expect(halve(wgsl, ['x'], ['y'])).toBe(`enable f16;

@group(0) @binding(0) var<storage, read> x: array<f16>;
@group(0) @binding(1) var<storage, read_write> y: array<f16>;
fn main() {
  // y[0] = x[0] is only said.
  let n = arrayLength(&x);
  if (f32(x[at[i]]) == 0.0) { y[u32(f32(x[2]))] = f16(max(f32(x[i + u32(f32(x[1]))]), w[0])); }
  max.x[0] = index[3];
}`);
  });

  test('that reads back what it writes keeps float32', () => {
    expect(halve('y[0] = x[0]; y[1] = y[0] + x[1];', ['x'], ['y'])).toBeUndefined();
    expect(halve('y[0] = x[0]; y[1] = y[0] + x[1];', ['x'], [])).toContain('y[1] = y[0] + f32(x[1]);');
  });
});

/** What a forward pass hands from a kernel to the next, by kernel: these bindings may be float16. */
const HALVES: Readonly<Record<string, readonly string[]>> = {
  'conv2d/forward': ['x', 'y'],
  'conv2d/backward-data': ['x'],
  'conv2d/backward-weights': ['x'],
  'dense/forward': ['x', 'y'],
  'dense/backward-data': ['x'],
  'dense/backward-weights': ['x'],
  'batchnorm/moments': ['x'],
  'batchnorm/normalize': ['x', 'y'],
  'batchnorm/gradient-sums': ['x'],
  'batchnorm/backward': ['x'],
  'batchnorm/pool': ['x', 'y'],
  'batchnorm/pool-gradient-sums': ['x'],
  'batchnorm/pool-backward': ['x'],
  'maxpool/forward': ['x', 'y'],
  'elementwise/relu': ['x', 'y'],
  'elementwise/relu-backward': ['y'],
  dropout: ['x', 'y'],
  'softmax/forward': ['logits', 'y'],
  'gather/scatter': ['x'],
};

/** Two of a kernel's cases: its tests by itself run all. */
const twoCases = <P>(cases: readonly P[]): P[] =>
  [1, 2].map((third) => cases[Math.floor((third * cases.length) / 3)] as P);

async function run(kernel: Kernel, params: object, halves: readonly string[], variant: string) {
  const inputs = sampleInputs(kernel, params);
  const storages: Record<string, Storage> = {};
  for (const [name, { access, type, length }] of Object.entries(kernel.bindings)) {
    const half = halves.includes(name);
    const storage = gpu().storage(name, length(params) * (half ? 2 : 4), half);
    if (half && inputs[name]) inputs[name] = inputs[name].map(roundToHalf);
    const before = inputs[name] ?? new Float64Array(length(params)).fill(type === 'f32' ? Number.NaN : 0xdeadbeef);
    const bytes = half ? encodeHalves(before) : type === 'f32' ? Float32Array.from(before) : Uint32Array.from(before);
    gpu().write(storage, new Uint8Array(bytes.buffer));
    storages[name] = storage;
    expect(access, `${kernel.name}/${name} is changed in place`).not.toBe(half ? 'update' : '');
  }
  const executor = new Eager(gpu());
  executor.dispatch(kernel, params, storages, variant);
  await executor.finish();
  const outputs: Record<string, Float64Array> = {};
  for (const [name, { access, type, length }] of Object.entries(kernel.bindings)) {
    if (access === 'read') continue;
    const bytes = await gpu().read(storages[name] as Storage);
    const all = halves.includes(name)
      ? decodeHalves(new Uint16Array(bytes))
      : Float64Array.from(type === 'f32' ? new Float32Array(bytes) : new Uint32Array(bytes));
    outputs[name] = all.subarray(0, length(params));
  }
  for (const { buffer } of Object.values(storages)) buffer?.destroy();
  return { outputs, want: kernel.reference(params, inputs) };
}

test('every name in the table is a kernel’s', () => {
  const names = registry.map(({ name }) => name);
  for (const [name, halves] of Object.entries(HALVES)) {
    expect(names).toContain(name);
    const { bindings } = registry.find((kernel) => kernel.name === name) as Kernel;
    for (const half of halves) expect(bindings[half]?.type, `${name}/${half}`).toBe('f32');
  }
});

describe.each(Object.entries(HALVES))('%s with %j in float16', (name, halves) => {
  const kernel = registry.find((one) => one.name === name) as Kernel;
  test.for(twoCases(kernel.cases).map((params) => [JSON.stringify(params), params] as const))(
    '%s',
    async ([, params], { skip }) => {
      if (!gpu().device.features.has('shader-f16')) skip('this device has no float16');
      const variants = Object.keys(kernel.variants).filter((variant) => {
        try {
          return gpu().variantOf(kernel, params, variant, halves) === variant;
        } catch {
          return false; // not on this device, or it keeps sums in what would be float16
        }
      });
      expect(variants.length).toBeGreaterThan(0);
      for (const variant of variants) {
        const { outputs, want } = await run(kernel, params, halves, variant);
        for (const [output, values] of Object.entries(want) as [string, Float64Array][]) {
          const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          const sums = EPSILON * kernel.terms(params) * largest;
          values.forEach((value, i) => {
            const got = outputs[output]?.[i] as number;
            // Half the distance between two float16, and that below the least normal one.
            const rounding = halves.includes(output) ? 2 ** -11 * (Math.abs(value) + sums) + 2 ** -25 : 0;
            const exact = kernel.bindings[output]?.type === 'u32';
            const error = Math.abs(got - value);
            expect(
              error <= (exact ? 0 : sums + rounding),
              `${variant}/${output}[${i}]: got ${got}, want ${value}`,
            ).toBe(true);
          });
        }
      }
    },
  );
});

/**
 * Runs a kernel's cases with every variant that this device has and compares with its reference, in float32 and, where
 * a kernel may store activations as 16 bits, in float16. Outputs start as NaN, so that an element that no thread writes
 * makes the test fail.
 */
import { Random } from '@anke/random';
import { describe, expect, test } from 'vitest';
import type { Gpu } from '../runtime/device.js';
import { Eager } from '../runtime/eager.js';
import { type Arrays, type Kernel, neededBindings } from '../runtime/kernel.js';
import { elementBytes, type Storage, type StorageType } from '../runtime/storage.js';
import { expectClose, outputBounds } from './bounds.js';
import { compileInTime, expectInTime, timed } from './compile-time.js';
import { decodeFloat16, encodeFloat16, roundToFloat16 } from './float16.js';

type Values = Record<string, Float64Array>;

export interface CheckOptions<B extends string> {
  /** Bindings that may be stored as 16 bits. */
  readonly f16?: readonly B[];
}

/** How a kernel is run: by which variant, and which bindings are stored as 16 bits. */
interface Run {
  readonly variant?: string | undefined;
  readonly f16: readonly string[];
}

/**
 * Inputs of a kernel as the device will see them: rounded to float32 (or float16), or whole numbers. What the
 * parameters do not need, or what is only written, is an empty array.
 */
export function sampleInputs<P extends object, B extends string>(
  kernel: Kernel<P, B>,
  params: P,
  f16: readonly string[] = [],
): Record<B, Float64Array> {
  const inputs: Values = {};
  const needed = neededBindings(kernel, params);
  for (const name of Object.keys(kernel.bindings) as B[]) {
    const binding = kernel.bindings[name];
    inputs[name] = new Float64Array();
    if (binding.access === 'write' || !needed.includes(name)) continue;
    const random = new Random(1, `${kernel.name}/${name}`);
    const round = binding.type === 'u32' ? Number : f16.includes(name) ? roundToFloat16 : Math.fround;
    inputs[name] = Float64Array.from({ length: binding.length(params) }, (_, i) =>
      round(binding.sample ? binding.sample(params, random, i) : random.normal()),
    );
  }
  return inputs as Record<B, Float64Array>;
}

function encode(values: Float64Array, type: StorageType): Uint8Array {
  if (type === 'f16') return new Uint8Array(encodeFloat16(values).buffer);
  return new Uint8Array((type === 'f32' ? Float32Array.from(values) : Uint32Array.from(values)).buffer);
}

function decode(bytes: ArrayBuffer, type: StorageType, length: number): Float64Array {
  if (type === 'f16') return decodeFloat16(new Uint16Array(bytes, 0, length));
  return Float64Array.from(type === 'f32' ? new Float32Array(bytes, 0, length) : new Uint32Array(bytes, 0, length));
}

/** Runs one variant and returns what it wrote, by binding. */
async function runStored<P extends object, B extends string>(
  gpu: Gpu,
  kernel: Kernel<P, B>,
  params: P,
  inputs: Readonly<Partial<Record<B, Float64Array>>>,
  { variant, f16 }: Run,
): Promise<Values> {
  const storages: Partial<Record<B, Storage>> = {};
  const names = neededBindings(kernel, params);
  for (const name of names) {
    const binding = kernel.bindings[name];
    const type = f16.includes(name) ? 'f16' : binding.type;
    const length = binding.length(params);
    const unwritten = (): Float64Array => new Float64Array(length).fill(type === 'u32' ? 0xdeadbeef : Number.NaN);
    const values = binding.access === 'write' ? unwritten() : inputs[name];
    if (!values) throw new Error(`${kernel.name}: no values for "${name}"`);
    const storage = gpu.storage(name, length * elementBytes(type), type);
    gpu.write(storage, encode(values, type));
    storages[name] = storage;
  }
  const executor = new Eager(gpu);
  executor.dispatch(kernel, params, storages, variant);
  await executor.finish();
  const outputs: Values = {};
  for (const name of names) {
    const { access } = kernel.bindings[name];
    const storage = storages[name] as Storage;
    if (access !== 'read')
      outputs[name] = decode(await gpu.read(storage), storage.type, kernel.bindings[name].length(params));
    storage.destroy();
  }
  return outputs;
}

/**
 * Runs a kernel in float32 and returns what it wrote, by binding.
 *
 * @param inputs of the bindings that the parameters need and that are read; others may be left out
 * @param variant the forced one, if any
 */
export const runKernel = <P extends object, B extends string>(
  gpu: Gpu,
  kernel: Kernel<P, B>,
  params: P,
  inputs: Readonly<Partial<Record<B, Float64Array>>>,
  variant?: string,
): Promise<Values> => runStored(gpu, kernel, params, inputs, { variant, f16: [] });

const typesOf = (f16: readonly string[]) => Object.fromEntries(f16.map((name) => [name, 'f16' as const]));

/** Runs all variants twice and compares with the reference, each element by its own bound. */
export async function checkCase<P extends object, B extends string>(
  gpu: Gpu,
  kernel: Kernel<P, B>,
  params: P,
  f16: readonly B[] = [],
): Promise<void> {
  const inputs: Arrays<B> = sampleInputs(kernel, params, f16);
  const expected = kernel.reference(params, inputs);
  const bounds = outputBounds(kernel, params, inputs, expected, f16);
  const types = typesOf(f16);
  const variants = gpu.compiler.available(kernel, params, types);
  expect(variants.length, 'variants that run here').toBeGreaterThan(0);
  for (const variant of variants) {
    const compiled = await compileInTime(gpu, gpu.compiler.program(kernel, params, variant, types));
    const run = () => runStored(gpu, kernel, params, inputs, { variant, f16 });
    const [got, first] = await timed(run);
    // The same bits each time: nothing depends on which thread comes first.
    const [again, next] = await timed(run);
    compiled.release();
    expectInTime(variant, compiled.seconds, first, next);
    for (const [name, values] of Object.entries(got)) {
      const change = values.findIndex((value, i) => !Object.is(value, again[name]?.[i]));
      expect(change, `${variant}/${name}: first element that differs in a second run`).toBe(-1);
    }
    expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
    for (const name of Object.keys(expected) as B[]) {
      const [values, wanted, allowed] = [got[name], expected[name], bounds[name]] as Float64Array[];
      expectClose(`${variant}/${name}`, values as Float64Array, wanted as Float64Array, allowed as Float64Array);
    }
  }
}

/** Two of a kernel's cases: a test in float32 runs all. */
const twoCases = <P>(cases: readonly P[]): P[] =>
  [1, 2].map((third) => cases[Math.floor((third * cases.length) / 3)] as P);

/**
 * With `ANKE_CASES=some`, as `npm test` has it on SwiftShader, which takes seconds to compile a large shader: so many
 * of a kernel's cases, spread over all of them, each by every variant.
 */
const SOME = 5;
const chosen = <P>(cases: readonly P[]): readonly P[] =>
  process.env['ANKE_CASES'] === 'some' && cases.length > SOME
    ? Array.from({ length: SOME }, (_, i) => cases[Math.floor((i * cases.length) / SOME)] as P)
    : cases;

const named = <P>(cases: readonly P[]) => cases.map((params) => [JSON.stringify(params), params] as const);

/** A test for each {@link chosen} case of a kernel, and two in float16 where it may store some of its bindings so. */
export function checkKernel<P extends object, B extends string>(
  gpu: () => Gpu,
  kernel: Kernel<P, B>,
  { f16 = [] }: CheckOptions<NoInfer<B>> = {},
): void {
  describe(kernel.name, () => {
    test.each(named(chosen(kernel.cases)))('%s', (_, params) => checkCase(gpu(), kernel, params));
  });
  if (f16.length === 0) return;
  describe(`${kernel.name} with ${f16} in float16`, () => {
    test.for(named(twoCases(kernel.cases)))('%s', async ([, params], { skip }) => {
      if (!gpu().device.features.has('shader-f16')) skip('this device has no float16');
      await checkCase(gpu(), kernel, params, f16);
    });
    test('every case compiles', async ({ skip }) => {
      if (!gpu().device.features.has('shader-f16')) skip('this device has no float16');
      const { compiler } = gpu();
      const types = typesOf(f16);
      for (const params of chosen(kernel.cases)) {
        for (const variant of compiler.available(kernel, params, types))
          (await compileInTime(gpu(), compiler.program(kernel, params, variant, types))).release();
      }
    });
  });
}

/**
 * Runs a kernel's cases with every variant that this device has and compares with its reference. Outputs start as NaN,
 * so that an element that no thread writes shows.
 */
import { Random } from '@anke/random';
import { describe, expect, test } from 'vitest';
import { Eager } from '../runtime/executor.js';
import type { Gpu } from '../runtime/gpu.js';
import type { Kernel } from '../runtime/kernel.js';
import type { Storage } from '../runtime/storage.js';

/** The distance between 1 and the next float32. */
export const EPSILON = 2 ** -23;

type Values = Record<string, Float64Array>;

/** Inputs of a kernel as the device will see them: rounded to float32, or whole numbers. */
export function sampleInputs<P extends object, B extends string>(
  kernel: Kernel<P, B>,
  params: P,
): Record<B, Float64Array> {
  const inputs: Values = {};
  for (const name of Object.keys(kernel.bindings) as B[]) {
    const { access, type, length, sample } = kernel.bindings[name];
    if (access === 'write') continue;
    const random = new Random(1, `${kernel.name}/${name}`);
    inputs[name] = Float64Array.from({ length: length(params) }, (_, i) => {
      const value = sample ? sample(params, random, i) : random.normal();
      return type === 'f32' ? Math.fround(value) : value;
    });
  }
  return inputs as Record<B, Float64Array>;
}

/** Runs one variant and returns what it wrote, by binding. */
export async function runKernel<P extends object, B extends string>(
  gpu: Gpu,
  kernel: Kernel<P, B>,
  params: P,
  inputs: Readonly<Record<B, Float64Array>>,
  variant?: string,
): Promise<Values> {
  const storages = {} as Record<B, Storage>;
  const names = Object.keys(kernel.bindings) as B[];
  for (const name of names) {
    const { access, type, length } = kernel.bindings[name];
    const values =
      access === 'write'
        ? new Float64Array(length(params)).fill(type === 'f32' ? Number.NaN : 0xdeadbeef)
        : inputs[name];
    storages[name] = gpu.upload(name, type === 'f32' ? Float32Array.from(values) : Uint32Array.from(values));
  }
  const executor = new Eager(gpu);
  executor.dispatch(kernel, params, storages, variant);
  await executor.finish();
  const outputs: Values = {};
  for (const name of names) {
    const { access, type } = kernel.bindings[name];
    if (access !== 'read') {
      const bytes = await gpu.read(storages[name]);
      outputs[name] = Float64Array.from(type === 'f32' ? new Float32Array(bytes) : new Uint32Array(bytes));
    }
    storages[name].buffer?.destroy();
  }
  return outputs;
}

/**
 * Largest error that float32 allows: each of the sum's terms adds a rounding of at most epsilon, relative to the
 * largest result.
 */
export function tolerance(want: Float64Array, terms: number): number {
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return EPSILON * terms * largest;
}

/** Compares element by element and names the worst one. */
export function expectClose(label: string, got: Float64Array, want: Float64Array, allowed: number): void {
  expect(got.length, `${label}: length`).toBe(want.length);
  let worst = 0;
  let error = -1;
  got.forEach((value, i) => {
    const distance = Math.abs(value - (want[i] as number));
    if (distance > error || Number.isNaN(distance)) {
      error = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
      worst = i;
    }
  });
  expect(error, `${label}[${worst}]: got ${got[worst]}, want ${want[worst]}, allowed ${allowed}`).toBeLessThanOrEqual(
    allowed,
  );
}

/** A test for each case of a kernel. */
export function checkKernel<P extends object, B extends string>(gpu: () => Gpu, kernel: Kernel<P, B>): void {
  describe(kernel.name, () => {
    test.each(kernel.cases.map((params) => [JSON.stringify(params), params] as const))('%s', async (_, params) => {
      const inputs = sampleInputs(kernel, params);
      const want = kernel.reference(params, inputs);
      for (const [variant, { available }] of Object.entries(kernel.variants)) {
        if (!available(params, gpu().traits)) continue;
        const got = await runKernel(gpu(), kernel, params, inputs, variant);
        // The same bits each time: nothing depends on which thread comes first.
        const again = await runKernel(gpu(), kernel, params, inputs, variant);
        for (const [name, values] of Object.entries(got)) {
          const change = values.findIndex((value, i) => !Object.is(value, again[name]?.[i]));
          expect(change, `${variant}/${name}: first element that differs in a second run`).toBe(-1);
        }
        expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
        for (const name of Object.keys(want) as B[]) {
          const exact = kernel.bindings[name].type === 'u32';
          const values = want[name] as Float64Array;
          expectClose(
            `${variant}/${name}`,
            got[name] as Float64Array,
            values,
            exact ? 0 : tolerance(values, kernel.terms(params)),
          );
        }
      }
    });
  });
}

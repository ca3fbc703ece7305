/**
 * Runs dispatches on the device and compares each with its reference, which reads what the device has given it to read:
 * so every dispatch of a program has bounds of its own, however many lie before it.
 */
import type { Gpu } from '../runtime/device.js';
import type { Dispatch } from '../runtime/dispatch.js';
import { Eager } from '../runtime/eager.js';
import type { Arrays, ElementType } from '../runtime/kernel.js';
import type { Storage } from '../runtime/storage.js';
import { expectClose, outputBounds } from './bounds.js';

const NONE = new Float64Array();

/** The elements of a storage on the device. */
export async function readValues(gpu: Gpu, storage: Storage, type: ElementType = 'f32'): Promise<Float64Array> {
  return Float64Array.from(type === 'u32' ? await gpu.readWords(storage) : await gpu.readFloats(storage));
}

/** What a dispatch's bindings hold on the device; one that its parameters do not need is an empty array. */
async function read(gpu: Gpu, { kernel, params, bindings }: Dispatch): Promise<Arrays<string>> {
  const values: Record<string, Float64Array> = {};
  for (const [name, { type, length }] of Object.entries(kernel.bindings)) {
    const storage = bindings[name];
    values[name] = storage ? (await readValues(gpu, storage, type)).subarray(0, length(params)) : NONE;
  }
  return values;
}

/** Runs dispatches in their order, each with the variant that this device prefers. */
export async function checkDispatches(gpu: Gpu, label: string, dispatches: readonly Dispatch[]): Promise<void> {
  const eager = new Eager(gpu);
  for (const dispatch of dispatches) {
    const { kernel, params, bindings } = dispatch;
    const inputs = await read(gpu, dispatch);
    const expected = kernel.reference(params, inputs);
    const bounds = outputBounds(kernel, params, inputs, expected);
    eager.dispatch(kernel, params, bindings);
    await eager.finish();
    const got = await read(gpu, dispatch);
    for (const [name, wanted] of Object.entries(expected)) {
      const [values, allowed] = [got[name], bounds[name]] as [Float64Array, Float64Array];
      expectClose(`${label} ${kernel.name}/${name}`, values, wanted as Float64Array, allowed);
    }
  }
  eager.destroy();
}

/**
 * The sizes that shaders read as uniforms (`Stage.sizes`): those of all shaders of a recording lie in one buffer, which
 * is written once. Shaders with the same sizes share a place in it.
 */
import type { StageProgram } from './compiler.js';
import type { Gpu } from './device.js';
import { bufferOf, Storage } from './storage.js';

const hasSizes = (sizes: StageProgram['sizes']): boolean => Object.keys(sizes).length > 0;

export interface PassedSizes {
  /** For each stage, where its sizes lie; undefined if it has none. */
  readonly of: readonly (Storage | undefined)[];
  destroy(): void;
}

/** Brings the sizes of `stages` to the device. */
export function passSizes(gpu: Gpu, stages: readonly Pick<StageProgram, 'sizes'>[]): PassedSizes {
  // A uniform begins at a multiple of this, and so each shader's sizes have as many words to themselves.
  const words = gpu.device.limits.minUniformBufferOffsetAlignment / 4;
  const places = new Map<string, { readonly index: number; readonly values: readonly number[] }>();
  const keys = stages.map(({ sizes }) => {
    if (!hasSizes(sizes)) return undefined;
    const values = Object.values(sizes);
    const key = values.join();
    if (!places.has(key)) places.set(key, { index: places.size, values });
    return key;
  });
  if (places.size === 0) return { of: stages.map(() => undefined), destroy: () => undefined };
  const data = new Uint32Array(places.size * words);
  for (const { index, values } of places.values()) data.set(values, index * words);
  const whole = gpu.uniforms('sizes', data);
  const of = keys.map((key) => {
    const place = key === undefined ? undefined : places.get(key);
    return place && new Storage('sizes', place.values.length * 4, bufferOf(whole), place.index * words * 4, 'u32');
  });
  return { of, destroy: () => whole.destroy() };
}

/** Which elements a dropout keeps, on the device and on the CPU. */
import { philox4x32 } from '@anke/random';
import { PHILOX_WGSL, STREAMS } from '../random/philox.js';
import type { Binding } from '../runtime/kernel.js';
import { constants } from '../runtime/wgsl.js';

export interface DropoutRule {
  /** Probability that an element is dropped. */
  readonly rate: number;
  /** Distinguishes the dropouts of one model. */
  readonly layer: number;
}

/** Step, index in the epoch, seed: what a dropout draws from. */
export const counters = {
  access: 'read',
  type: 'u32',
  length: () => 3,
  sample: (_, draw, i) => draw.integer(i === 2 ? 2 ** 32 : 1000),
} as const satisfies Binding<object>;

/** Words below this are dropped. */
const threshold = (rate: number): number => Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);

/**
 * WGSL of `words(block)`, four random words for the elements 4·block … 4·block+3, and of the constants DROP_BELOW and
 * KEPT_SCALE: an element whose word is at least DROP_BELOW is kept and multiplied by KEPT_SCALE. It reads the step and
 * the seed from the binding `counters` (step, index in the epoch, seed).
 */
export const dropoutWgsl = ({ rate, layer }: DropoutRule): string => `
${constants({
  DROP_BELOW: threshold(rate),
  KEPT_SCALE: { f32: 1 / (1 - rate) },
  LAYER: layer,
  STREAM: STREAMS.dropout,
})}
${PHILOX_WGSL}

fn words(block: u32) -> vec4u {
  return philox(vec4u(block, counters[0], 0u, STREAM), vec2u(counters[2], LAYER));
}`;

/**
 * The same on the CPU: x with some elements dropped and the others scaled.
 *
 * @param counters step, index in the epoch, seed
 */
export function dropoutReference({ rate, layer }: DropoutRule, x: Float64Array, counters: Float64Array): Float64Array {
  const words = new Uint32Array(4);
  const [step = 0, , seed = 0] = counters;
  return x.map((value, i) => {
    words.set([Math.floor(i / 4), step, 0, STREAMS.dropout]);
    philox4x32(words, seed, layer);
    return (words[i % 4] as number) >= threshold(rate) ? value / (1 - rate) : 0;
  });
}

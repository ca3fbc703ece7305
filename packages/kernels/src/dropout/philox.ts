/** Philox4x32-10 (see @anke/random) on the device, and dropout's way of using it. */
import { philox4x32 } from '@anke/random';
import { constants } from '../runtime/kernel.js';

export interface DropoutRule {
  /** Probability that an element is dropped. */
  readonly rate: number;
  readonly seed: number;
  /** Distinguishes the dropouts of one model. */
  readonly layer: number;
}

/** Words below this are dropped. */
const threshold = (rate: number): number => Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
/** The last word of the counter keeps these numbers apart from those that are drawn on the host. */
const DEVICE_STREAM = 1;

/**
 * WGSL of `words(block, step)`, four random words for the elements 4·block … 4·block+3, and of the constants DROP_BELOW and
 * KEPT_SCALE: an element whose word is at least DROP_BELOW is kept and multiplied by KEPT_SCALE.
 */
export const dropoutWgsl = ({ rate, seed, layer }: DropoutRule): string => `
${constants({
  DROP_BELOW: threshold(rate),
  KEPT_SCALE: { f32: 1 / (1 - rate) },
  SEED: seed >>> 0,
  LAYER: layer,
  STREAM: DEVICE_STREAM,
})}

fn multiplyHigh(a: u32, b: u32) -> u32 {
  let cross = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let middle = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (cross >> 16u) + (middle >> 16u);
}

fn philox(start: vec4u, key: vec2u) -> vec4u {
  var c = start;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high0 = multiplyHigh(0xd2511f53u, c.x);
    let high1 = multiplyHigh(0xcd9e8d57u, c.z);
    c = vec4u(high1 ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high0 ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

fn words(block: u32, step: u32) -> vec4u {
  return philox(vec4u(block, step, 0u, STREAM), vec2u(SEED, LAYER));
}`;

/** The same on the CPU: x with some elements dropped and the others scaled. */
export function dropoutReference({ rate, seed, layer }: DropoutRule, x: Float64Array, step: number): Float64Array {
  const words = new Uint32Array(4);
  return x.map((value, i) => {
    words.set([Math.floor(i / 4), step, 0, DEVICE_STREAM]);
    philox4x32(words, seed, layer);
    return (words[i % 4] as number) >= threshold(rate) ? value / (1 - rate) : 0;
  });
}

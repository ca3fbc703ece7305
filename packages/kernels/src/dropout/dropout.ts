/**
 * dropout: y = x / (1 − rate) where a random number is at least `rate`, else 0 (Srivastava et al., *Dropout*, JMLR 2014,
 * in the inverted form). The same kernel with the same key and step is its gradient, so that no mask is kept. Float32.
 *
 * The random words come from Philox4x32-10 (see @anke/random), with the seed and the layer's number as the key and
 * (element / 4, step, 0, 1) as the counter. The step is read from the device, so that a recorded step draws new numbers
 * each time. A thread draws one block for four elements. Timed by `pnpm anke bench kernels --filter dropout`.
 */
import { philox4x32 } from '@anke/random';
import { type Binding, bindingBytes, constants, defineKernel, flatGrid, flatRow } from '../runtime/kernel.js';

export interface DropoutParams {
  readonly length: number;
  /** Probability that an element is dropped. */
  readonly rate: number;
  readonly seed: number;
  /** Distinguishes the dropouts of one model. */
  readonly layer: number;
}

const length = (p: DropoutParams): number => p.length;
const blocks = (p: DropoutParams): number => Math.ceil(p.length / 4);
/** Words below this are dropped. */
const threshold = (p: DropoutParams): number => Math.min(Math.round(p.rate * 2 ** 32), 2 ** 32 - 1);
/** The last word of the counter keeps these numbers apart from those that are drawn on the host. */
const DEVICE_STREAM = 1;

const bindings = {
  x: { access: 'read', type: 'f32', length },
  step: { access: 'read', type: 'u32', length: () => 1, sample: (_, draw) => draw.integer(1000) },
  y: { access: 'write', type: 'f32', length },
} as const satisfies Record<string, Binding<DropoutParams>>;

export const dropout = defineKernel<DropoutParams, keyof typeof bindings>({
  name: 'dropout',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(blocks(p)),
      wgsl: (p) => `
${constants({
  LENGTH: p.length,
  BLOCKS: blocks(p),
  ROW: flatRow(blocks(p)),
  THRESHOLD: threshold(p),
  SEED: p.seed >>> 0,
  LAYER: p.layer,
  STREAM: DEVICE_STREAM,
  SCALE: { f32: 1 / (1 - p.rate) },
})}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let block = thread.y * ROW + thread.x;
  if (block >= BLOCKS) { return; }
  let words = philox(vec4u(block, step[0], 0u, STREAM), vec2u(SEED, LAYER));
  for (var j = 0u; j < 4u; j++) {
    let i = block * 4u + j;
    if (i < LENGTH) { y[i] = select(0.0, x[i] * SCALE, words[j] >= THRESHOLD); }
  }
}`,
    },
  },
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(bindings, p) }),
  // The scale and the product are rounded.
  terms: () => 2,
  reference: (p, { x, step }) => {
    const words = new Uint32Array(4);
    return {
      y: x.map((value, i) => {
        words.set([Math.floor(i / 4), step[0] as number, 0, DEVICE_STREAM]);
        philox4x32(words, p.seed, p.layer);
        return (words[i % 4] as number) >= threshold(p) ? value / (1 - p.rate) : 0;
      }),
    };
  },
  cases: [1, 3, 7, 33, 65, 129, 32 * 128].flatMap((n, i) => [
    { length: n, rate: 0.5, seed: 42 + i, layer: 3 },
    { length: n, rate: 0.1, seed: 0xfffffffe, layer: i },
  ]),
});

/**
 * Gaussian noise: y = x + stddev · z with standard normal z (Box and Muller, *Ann. Math. Stat.* 29, 1958):
 *
 *   z, z' = √(−2 ln u) · (cos θ, sin θ)        with u in (0, 1], θ in [−π, π)
 *
 * Four random words make four numbers, for the elements 4·block … 4·block+3. They come from Philox4x32-10 (see
 * @anke/random), with the seed and the layer's number as the key and (block, step, 0, 3) as the counter; step and seed
 * are read from the device. The gradient of x is that of y. x and y are float32 or float16. A thread draws one block.
 * WGSL allows sine and cosine an error of 2⁻¹¹, which is little beside what noise is for.
 * Timed by `pnpm anke bench kernels --filter noise`.
 */
import { philox4x32 } from '@anke/random';
import { counters } from '../dropout/rule.js';
import { PHILOX_WGSL, STREAMS } from '../random/philox.js';
import { type Binding, bindingBytes, defineKernel, EPSILON } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface GaussianNoiseParams {
  readonly length: number;
  readonly stddev: number;
  /** Distinguishes the layers of one model. */
  readonly layer: number;
}

const length = (p: GaussianNoiseParams): number => p.length;
const blocks = (p: GaussianNoiseParams): number => Math.ceil(p.length / 4);
const bindings = {
  x: { access: 'read', type: 'f32', length },
  counters,
  y: { access: 'write', type: 'f32', length },
} as const satisfies Record<string, Binding<GaussianNoiseParams>>;

export const gaussianNoise = defineKernel<GaussianNoiseParams, keyof typeof bindings>({
  name: 'noise/gaussian',
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
  STDDEV: { f32: p.stddev },
  LAYER: p.layer,
  STREAM: STREAMS.noise,
  TURN: { f32: 2 * Math.PI },
})}
${PHILOX_WGSL}

/// The upper 24 bits of a word, which a float holds, as a number from 0 to below 1.
fn fraction(word: u32) -> f32 { return f32(word >> 8u) * 0x1p-24; }

fn normals(word: vec2u) -> vec2f {
  let radius = sqrt(max(-2.0 * log(fraction(word.x) + 0x1p-24), 0.0));
  let angle = TURN * (fraction(word.y) - 0.5);
  return radius * vec2f(cos(angle), sin(angle));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let block = thread.y * ROW + thread.x;
  if (block >= BLOCKS) { return; }
  let words = philox(vec4u(block, counters[0], 0u, STREAM), vec2u(counters[2], LAYER));
  let z = vec4f(normals(words.xy), normals(words.zw));
  for (var j = 0u; j < 4u; j++) {
    let i = block * 4u + j;
    if (i < LENGTH) { y[i] = y_t(fma(STDDEV, z[j], f32(x[i]))); }
  }
}`,
    },
  },
  cost: (p) => ({ flops: 20 * p.length, bytes: bindingBytes(bindings, p) }),
  // Counted in the magnitudes: how precise a number is depends on its logarithm.
  terms: () => 1,
  reference(p, { x, counters }) {
    const drawn = draw(p, counters);
    return { y: x.map((value, i) => value + p.stddev * (drawn[i] as Drawn).z) };
  },
  magnitudes(p, { x, counters }) {
    const drawn = draw(p, counters);
    return { y: x.map((value, i) => Math.abs(value) + p.stddev * radiusRoundings((drawn[i] as Drawn).radius)) };
  },
  cases: [1, 3, 7, 33, 65, 129, 32 * 128].map((n, i) => ({
    length: n,
    stddev: [0.1, 1, 20][i % 3] as number,
    layer: i,
  })),
});

interface Drawn {
  readonly z: number;
  /** √(−2 ln u) */
  readonly radius: number;
}

/** The same numbers on the CPU. */
function draw({ length: count, layer }: GaussianNoiseParams, [step = 0, , seed = 0]: Float64Array): Drawn[] {
  const words = new Uint32Array(4);
  const fraction = (word: number): number => (word >>> 8) / 2 ** 24;
  return Array.from({ length: count }, (_, i) => {
    words.set([Math.floor(i / 4), step, 0, STREAMS.noise]);
    philox4x32(words, seed, layer);
    const [first, second] = words.subarray(i % 4 < 2 ? 0 : 2) as unknown as readonly [number, number];
    const radius = Math.sqrt(-2 * Math.log(fraction(first) + 2 ** -24));
    const angle = 2 * Math.PI * (fraction(second) - 0.5);
    return { z: radius * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle)), radius };
  });
}

/**
 * The error of a number of this radius, in units of float32's epsilon. A logarithm may be off by 2⁻²¹ near 1, else by
 * 3 units in the last place; a root r of a number with an error δ is off by δ / r, and by √δ at most; then there are
 * the root's own 5 units, cosine's and sine's 2⁻¹¹, and four roundings.
 */
function radiusRoundings(radius: number): number {
  const square = radius * radius;
  const error = Math.max((2 * 2 ** -21) / EPSILON, 3 * square) + square;
  const ofRoot = Math.min(error / radius, Math.sqrt(error / EPSILON));
  return ofRoot + radius * (5 + 2 ** -11 / EPSILON + 4);
}

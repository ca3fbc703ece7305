/**
 * Dropout of whole channels (Tompson et al., *Efficient object localization using convolutional networks*, CVPR 2015):
 *
 *   Y[n, p, c] = X[n, p, c] / (1 − rate) where a random number for (n, c) is at least `rate`, else 0
 *
 * Which channels, `rule.ts` tells as for a dropout of (batch, channels). The gradient is the same kernel on dY. X and Y
 * are float32 or float16. A thread draws four numbers, and applies them to a run of pixels.
 * Timed by `pnpm anke bench kernels --filter dropout/spatial`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';
import { counters, type DropoutRule, dropoutReference, dropoutWgsl } from './rule.js';

export interface SpatialDropoutParams extends DropoutRule {
  readonly batch: number;
  readonly pixels: number;
  readonly channels: number;
}

/** Pixels of a run: numbers are drawn once for all of them. */
const RUN = 8;
const maps = (p: SpatialDropoutParams): number => p.batch * p.channels;
const size = (p: SpatialDropoutParams): number => maps(p) * p.pixels;
const blocks = (p: SpatialDropoutParams): number => Math.ceil(maps(p) / 4);
const threads = (p: SpatialDropoutParams): number => blocks(p) * Math.ceil(p.pixels / RUN);

const bindings = {
  x: { access: 'read', type: 'f32', length: size },
  counters,
  y: { access: 'write', type: 'f32', length: size },
} as const satisfies Record<string, Binding<SpatialDropoutParams>>;

export const spatialDropout = defineKernel<SpatialDropoutParams, keyof typeof bindings>({
  name: 'dropout/spatial',
  bindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(threads(p)),
      wgsl: (p) => `
${constants({
  PIXELS: p.pixels,
  CHANNELS: p.channels,
  MAPS: maps(p),
  RUN,
  BLOCKS: blocks(p),
  THREADS: threads(p),
  ROW: flatRow(threads(p)),
})}
${dropoutWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let block = index % BLOCKS;
  let first = index / BLOCKS * RUN;
  let random = words(block);
  for (var pixel = first; pixel < min(first + RUN, PIXELS); pixel++) {
    for (var j = 0u; j < 4u; j++) {
      let map = block * 4u + j;
      if (map < MAPS) {
        let i = (map / CHANNELS * PIXELS + pixel) * CHANNELS + map % CHANNELS;
        y[i] = y_t(select(0.0, f32(x[i]) * KEPT_SCALE, random[j] >= DROP_BELOW));
      }
    }
  }
}`,
    },
  },
  cost: (p) => ({ flops: size(p), bytes: bindingBytes(bindings, p) }),
  // The scale and the product are rounded.
  terms: () => 2,
  reference: (p, { x, counters }) => {
    const factors = dropoutReference(p, new Float64Array(maps(p)).fill(1), counters);
    const map = (i: number): number => Math.floor(i / (p.pixels * p.channels)) * p.channels + (i % p.channels);
    return { y: x.map((value, i) => value * (factors[map(i)] as number)) };
  },
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    { batch: 1, pixels: 1, channels: 1, rate: 0.5, layer: 1 },
    { batch: 3, pixels: 9, channels: 5, rate: 0.5, layer: 2 },
    { batch: 2, pixels: 65, channels: 33, rate: 0.1, layer: 3 },
    { batch: 5, pixels: 7, channels: 129, rate: 0.7, layer: 4 },
    { batch: 32, pixels: 14 * 14, channels: 64, rate: 0.25, layer: 5 },
  ],
});

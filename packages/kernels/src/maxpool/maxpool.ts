/**
 * maxpool: the largest element under each window of an NHWC tensor, and its gradient. Float32.
 *
 *   Y[n, oy, ox, c] = max over the window of X[n, oy·sh + ky − top, ox·sw + kx − left, c]
 *   dX[n, iy, ix, c] = Σ dY of the windows whose largest element this is; of equals, the first (by ky, then kx) counts
 *
 * The forward kernel also writes which element of its window won, as ky·kw + kx, so that the backward one need not
 * search again. Backward, each input gathers from the windows that cover it. A thread an element in both.
 * Timed by `pnpm anke bench kernels --filter maxpool`.
 */
import { type Padding, windowAxis } from '../conv2d/geometry.js';
import { type Binding, bindingBytes, constants, defineKernel, flatGrid, flatRow } from '../runtime/kernel.js';

export interface MaxPoolParams {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly poolHeight: number;
  readonly poolWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/**
 * A pooling's sizes from what a layer knows.
 *
 * @throws KernelError if the window does not fit into the image
 */
export function maxPoolParams(options: {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pool: readonly [height: number, width: number];
  readonly stride?: readonly [height: number, width: number];
  readonly padding?: Padding;
}): MaxPoolParams {
  const { batch, height, width, channels, pool, stride = pool, padding = 'valid' } = options;
  const rows = windowAxis(height, pool[0], stride[0], padding);
  const columns = windowAxis(width, pool[1], stride[1], padding);
  return {
    batch,
    height,
    width,
    channels,
    poolHeight: pool[0],
    poolWidth: pool[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    padTop: rows.before,
    padLeft: columns.before,
    outHeight: rows.out,
    outWidth: columns.out,
  };
}

const inputs = (p: MaxPoolParams): number => p.batch * p.height * p.width * p.channels;
const outputs = (p: MaxPoolParams): number => p.batch * p.outHeight * p.outWidth * p.channels;

export const sizes = (p: MaxPoolParams): Record<string, number | { i32: number }> => ({
  HEIGHT: p.height,
  WIDTH: p.width,
  CHANNELS: p.channels,
  POOL_H: p.poolHeight,
  POOL_W: p.poolWidth,
  STRIDE_H: p.strideHeight,
  STRIDE_W: p.strideWidth,
  PAD_TOP: { i32: p.padTop },
  PAD_LEFT: { i32: p.padLeft },
  OUT_H: p.outHeight,
  OUT_W: p.outWidth,
});

export const cases: readonly MaxPoolParams[] = [
  maxPoolParams({ batch: 1, height: 1, width: 1, channels: 1, pool: [1, 1] }),
  maxPoolParams({ batch: 1, height: 7, width: 7, channels: 3, pool: [7, 7] }),
  maxPoolParams({ batch: 2, height: 7, width: 33, channels: 7, pool: [2, 3] }),
  maxPoolParams({ batch: 1, height: 65, width: 9, channels: 33, pool: [3, 3], stride: [2, 2] }),
  maxPoolParams({ batch: 3, height: 9, width: 9, channels: 129, pool: [3, 2], stride: [1, 1] }),
  maxPoolParams({ batch: 1, height: 8, width: 8, channels: 5, pool: [2, 2], stride: [3, 3] }),
  maxPoolParams({ batch: 2, height: 7, width: 8, channels: 3, pool: [3, 3], stride: [2, 2], padding: 'same' }),
  // The notebook's: the second leaves a row and a column unread.
  maxPoolParams({ batch: 32, height: 26, width: 26, channels: 32, pool: [2, 2] }),
  maxPoolParams({ batch: 32, height: 7, width: 7, channels: 64, pool: [2, 2] }),
];

/** Visits the inputs under a window that lie inside the image, in the order that breaks ties. */
export function window(p: MaxPoolParams, output: number, visit: (input: number, position: number) => void): void {
  const c = output % p.channels;
  const ox = Math.floor(output / p.channels) % p.outWidth;
  const oy = Math.floor(output / (p.channels * p.outWidth)) % p.outHeight;
  const n = Math.floor(output / (p.channels * p.outWidth * p.outHeight));
  for (let ky = 0; ky < p.poolHeight; ky++)
    for (let kx = 0; kx < p.poolWidth; kx++) {
      const iy = oy * p.strideHeight + ky - p.padTop;
      const ix = ox * p.strideWidth + kx - p.padLeft;
      if (iy < 0 || iy >= p.height || ix < 0 || ix >= p.width) continue;
      visit(((n * p.height + iy) * p.width + ix) * p.channels + c, ky * p.poolWidth + kx);
    }
}

const forwardBindings = {
  // Few distinct values, so that windows hold ties; all negative in places, so that padding must not win.
  x: { access: 'read', type: 'f32', length: inputs, sample: (_, draw) => draw.integer(5) - 4 },
  y: { access: 'write', type: 'f32', length: outputs },
  winner: { access: 'write', type: 'u32', length: outputs },
} as const satisfies Record<string, Binding<MaxPoolParams>>;

export const maxPoolForward = defineKernel<MaxPoolParams, keyof typeof forwardBindings>({
  name: 'maxpool/forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(outputs(p)),
      wgsl: (p) => `
${constants({ ...sizes(p), OUTPUTS: outputs(p), ROW: flatRow(outputs(p)) })}
const LOWEST = -0x1.fffffep+127f;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> winner: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let c = index % CHANNELS;
  let ox = index / CHANNELS % OUT_W;
  let oy = index / (CHANNELS * OUT_W) % OUT_H;
  let n = index / (CHANNELS * OUT_W * OUT_H);
  var best = LOWEST;
  var place = 0u;
  var first = true;
  for (var ky = 0u; ky < POOL_H; ky++) {
    let iy = i32(oy * STRIDE_H + ky) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    for (var kx = 0u; kx < POOL_W; kx++) {
      let ix = i32(ox * STRIDE_W + kx) - PAD_LEFT;
      if (ix < 0 || ix >= i32(WIDTH)) { continue; }
      let value = x[((n * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * CHANNELS + c];
      if (first || value > best) {
        best = value;
        place = ky * POOL_W + kx;
        first = false;
      }
    }
  }
  y[index] = best;
  winner[index] = place;
}`,
    },
  },
  cost: (p) => ({ flops: outputs(p) * p.poolHeight * p.poolWidth, bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 1,
  reference: (p, { x }) => {
    const y = new Float64Array(outputs(p)).fill(-Infinity);
    const winner = new Float64Array(outputs(p));
    for (let i = 0; i < y.length; i++)
      window(p, i, (input, position) => {
        if ((x[input] as number) > (y[i] as number)) {
          y[i] = x[input] as number;
          winner[i] = position;
        }
      });
    return { y, winner };
  },
  cases,
});

/** A place that lies inside the image for every window, so that random winners are possible ones. */
export const possibleWinner = (p: MaxPoolParams, draw: { integer(below: number): number }, output: number): number => {
  const places: number[] = [];
  window(p, output, (_, position) => places.push(position));
  return places[draw.integer(places.length)] as number;
};

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: outputs },
  winner: { access: 'read', type: 'u32', length: outputs, sample: possibleWinner },
  dX: { access: 'write', type: 'f32', length: inputs },
} as const satisfies Record<string, Binding<MaxPoolParams>>;

export const maxPoolBackward = defineKernel<MaxPoolParams, keyof typeof backwardBindings>({
  name: 'maxpool/backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(inputs(p)),
      wgsl: (p) => `
${constants({ ...sizes(p), INPUTS: inputs(p), ROW: flatRow(inputs(p)) })}

@group(0) @binding(0) var<storage, read> dY: array<f32>;
@group(0) @binding(1) var<storage, read> winner: array<u32>;
@group(0) @binding(2) var<storage, read_write> dX: array<f32>;

// The first window that covers a place: the least o with o·stride + window − 1 >= place.
fn firstWindow(place: u32, window: u32, stride: u32) -> u32 {
  if (place < window) { return 0u; }
  return (place - window) / stride + 1u;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= INPUTS) { return; }
  let c = index % CHANNELS;
  let column = index / CHANNELS % WIDTH + u32(PAD_LEFT);
  let row = index / (CHANNELS * WIDTH) % HEIGHT + u32(PAD_TOP);
  let n = index / (CHANNELS * WIDTH * HEIGHT);
  var sum = 0.0;
  for (var oy = firstWindow(row, POOL_H, STRIDE_H); oy < OUT_H && oy * STRIDE_H <= row; oy++) {
    for (var ox = firstWindow(column, POOL_W, STRIDE_W); ox < OUT_W && ox * STRIDE_W <= column; ox++) {
      let output = ((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c;
      let place = (row - oy * STRIDE_H) * POOL_W + column - ox * STRIDE_W;
      if (winner[output] == place) { sum += dY[output]; }
    }
  }
  dX[index] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: outputs(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => Math.ceil(p.poolHeight / p.strideHeight) * Math.ceil(p.poolWidth / p.strideWidth),
  reference: (p, { dY, winner }) => {
    const dX = new Float64Array(inputs(p));
    dY.forEach((gradient, i) => {
      window(p, i, (input, position) => {
        if (position === winner[i]) dX[input] = (dX[input] as number) + gradient;
      });
    });
    return { dX };
  },
  cases,
});

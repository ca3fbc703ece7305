/**
 * Average pooling: the mean under each window of an NHWC tensor, and its gradient. Elements of the padding are not
 * counted.
 *
 *   Y[n, oy, ox, c] = Σ X[n, iy, ix, c] / size(oy, ox) over the inputs (iy, ix) of the image under the window
 *   dX[n, iy, ix, c] = Σ dY[n, oy, ox, c] / size(oy, ox) over the windows that cover the input
 *
 * with size(oy, ox) the number of such inputs. The global average is a window over the whole image. X and Y are float32
 * or float16, gradients float32. Neighbouring threads are neighbouring channels, and read neighbouring elements.
 *
 * Variants, timed by `pnpm anke bench kernels --filter pooling/average`:
 * - `shared` (forward): the threads of a workgroup share the windows of a few neighbouring channels, and join their
 *   sums pair by pair, in a fixed order. For large windows with few outputs, which alone would not keep a GPU busy.
 * - `plain`: a thread an output, or backward an input.
 */
import { absolute, type Binding, bindingBytes, defineKernel, type Variant } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import { FIRST_WINDOW_WGSL } from '../window/geometry.js';
import {
  type PoolParams,
  poolCases,
  poolConstants,
  poolInputs,
  poolOutputs,
  poolParams,
  visitWindow,
  windowsPerInput,
} from './geometry.js';

/**
 * WGSL of `inside(o, window, stride, padding, size) -> vec2u`: which inputs of an axis, from x to below y, lie under
 * window o and inside the image.
 */
const INSIDE_WGSL = `
fn inside(o: u32, window: u32, stride: u32, padding: i32, size: u32) -> vec2u {
  let first = i32(o * stride) - padding;
  return vec2u(u32(max(first, 0)), min(u32(first + i32(window)), size));
}`;

/** Channels that a workgroup of `shared` treats: a power of two, at most what a cache line holds. */
const sharedChannels = ({ channels }: PoolParams): number => Math.min(2 ** Math.ceil(Math.log2(channels)), 16);
const sharedGroups = (p: PoolParams): number => Math.ceil(p.channels / sharedChannels(p));
const SHARED_THREADS = 64;

const shared: Variant<PoolParams> = {
  available: () => true,
  // A CPU needs few threads to be busy, and barriers are expensive on it.
  suits: (p, { software }) => !software && p.poolHeight * p.poolWidth >= 64 && poolOutputs(p) < 32768,
  grid: (p) => flatGrid(p.batch * p.outHeight * p.outWidth * sharedGroups(p), 1),
  wgsl: (p) => `
${constants({
  ...poolConstants(p),
  THREADS: SHARED_THREADS,
  LANES: sharedChannels(p),
  CHANNEL_GROUPS: sharedGroups(p),
  GROUPS: p.batch * p.outHeight * p.outWidth * sharedGroups(p),
  ROW: flatRow(p.batch * p.outHeight * p.outWidth * sharedGroups(p), 1),
})}
${INSIDE_WGSL}
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = group.y * ROW + group.x;
  if (index >= GROUPS) { return; }
  let c = index % CHANNEL_GROUPS * LANES + thread % LANES;
  let output = index / CHANNEL_GROUPS;
  let rows = inside(output / OUT_W % OUT_H, POOL_H, STRIDE_H, PAD_TOP, HEIGHT);
  let columns = inside(output % OUT_W, POOL_W, STRIDE_W, PAD_LEFT, WIDTH);
  let width = columns.y - columns.x;
  let size = (rows.y - rows.x) * width;
  let image = output / (OUT_W * OUT_H) * HEIGHT;
  var sum = 0.0;
  if (c < CHANNELS) {
    for (var i = thread / LANES; i < size; i += THREADS / LANES) {
      sum += f32(x[((image + rows.x + i / width) * WIDTH + columns.x + i % width) * CHANNELS + c]);
    }
  }
  sums[thread] = sum;
  workgroupBarrier();
  for (var span = ${opaque('THREADS', 'x')} / 2u; span >= LANES; span /= 2u) {
    if (thread < span) { sums[thread] += sums[thread + span]; }
    workgroupBarrier();
  }
  if (thread < LANES && c < CHANNELS) { y[output * CHANNELS + c] = y_t(sums[thread] / f32(size)); }
}`,
};

const plainForward: Variant<PoolParams> = {
  available: () => true,
  grid: (p) => flatGrid(poolOutputs(p)),
  wgsl: (p) => `
${constants({ ...poolConstants(p), OUTPUTS: poolOutputs(p), ROW: flatRow(poolOutputs(p)) })}
${INSIDE_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let c = index % CHANNELS;
  let rows = inside(index / (CHANNELS * OUT_W) % OUT_H, POOL_H, STRIDE_H, PAD_TOP, HEIGHT);
  let columns = inside(index / CHANNELS % OUT_W, POOL_W, STRIDE_W, PAD_LEFT, WIDTH);
  let image = index / (CHANNELS * OUT_W * OUT_H) * HEIGHT;
  var sum = 0.0;
  for (var iy = rows.x; iy < rows.y; iy++) {
    for (var ix = columns.x; ix < columns.y; ix++) { sum += f32(x[((image + iy) * WIDTH + ix) * CHANNELS + c]); }
  }
  y[index] = y_t(sum / f32((rows.y - rows.x) * (columns.y - columns.x)));
}`,
};

const forwardBindings = {
  x: { access: 'read', type: 'f32', length: poolInputs },
  y: { access: 'write', type: 'f32', length: poolOutputs },
} as const satisfies Record<string, Binding<PoolParams>>;

const cases: readonly PoolParams[] = [
  ...poolCases,
  // Padding on all sides, at most half of a window.
  poolParams({ batch: 2, height: 9, width: 5, channels: 17, pool: [4, 5], stride: [1, 2], padding: 'same' }),
  // Global averages.
  poolParams({ batch: 2, height: 33, width: 31, channels: 3, pool: [33, 31] }),
  poolParams({ batch: 16, height: 7, width: 7, channels: 33, pool: [7, 7] }),
  poolParams({ batch: 1, height: 65, width: 63, channels: 65, pool: [65, 63] }),
];

export const averagePool = defineKernel<PoolParams, keyof typeof forwardBindings>({
  name: 'pooling/average-forward',
  bindings: forwardBindings,
  variants: { shared, plain: plainForward },
  cost: (p) => ({ flops: poolOutputs(p) * p.poolHeight * p.poolWidth, bytes: bindingBytes(forwardBindings, p) }),
  // The quotient may be off by 2.5 units in the last place.
  terms: (p) => p.poolHeight * p.poolWidth + 3,
  reference: (p, { x }) => ({ y: averagePoolReference(p, x) }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases,
});

/** Inputs under the window of an output that lie inside the image. */
function windowInputs(p: PoolParams, output: number): number[] {
  const inputs: number[] = [];
  visitWindow(p, output, (input) => inputs.push(input));
  return inputs;
}

/** Average pooling in plain loops, in float64. */
export function averagePoolReference(p: PoolParams, x: Float64Array): Float64Array {
  return new Float64Array(poolOutputs(p)).map((_, output) => {
    const inputs = windowInputs(p, output);
    return inputs.reduce((sum, input) => sum + (x[input] as number), 0) / inputs.length;
  });
}

const plainBackward: Variant<PoolParams> = {
  available: () => true,
  grid: (p) => flatGrid(poolInputs(p)),
  wgsl: (p) => `
${constants({ ...poolConstants(p), INPUTS: poolInputs(p), ROW: flatRow(poolInputs(p)) })}
${INSIDE_WGSL}
${FIRST_WINDOW_WGSL}

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
    let rows = inside(oy, POOL_H, STRIDE_H, PAD_TOP, HEIGHT);
    for (var ox = firstWindow(column, POOL_W, STRIDE_W); ox < OUT_W && ox * STRIDE_W <= column; ox++) {
      let columns = inside(ox, POOL_W, STRIDE_W, PAD_LEFT, WIDTH);
      let size = (rows.y - rows.x) * (columns.y - columns.x);
      sum += dY[((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c] / f32(size);
    }
  }
  dX[index] = sum;
}`,
};

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: poolOutputs },
  dX: { access: 'write', type: 'f32', length: poolInputs },
} as const satisfies Record<string, Binding<PoolParams>>;

export const averagePoolBackward = defineKernel<PoolParams, keyof typeof backwardBindings>({
  name: 'pooling/average-backward',
  bindings: backwardBindings,
  variants: { plain: plainBackward },
  cost: (p) => ({ flops: 2 * poolInputs(p) * windowsPerInput(p), bytes: bindingBytes(backwardBindings, p) }),
  // Each quotient may be off by 2.5 units in the last place.
  terms: (p) => windowsPerInput(p) + 3,
  reference: (p, { dY }) => ({ dX: averagePoolGradient(p, dY) }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases,
});

/** The gradient of average pooling in plain loops, in float64. */
export function averagePoolGradient(p: PoolParams, dY: Float64Array): Float64Array {
  const dX = new Float64Array(poolInputs(p));
  dY.forEach((gradient, output) => {
    const inputs = windowInputs(p, output);
    for (const input of inputs) dX[input] = (dX[input] as number) + gradient / inputs.length;
  });
  return dX;
}

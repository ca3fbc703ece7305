/**
 * Average pooling: the mean of the elements under each window of an NHWC tensor, and its gradient. A window as large as the
 * image is global average pooling.
 *
 *   Y[n, oy, ox, c] = Σ over the window of X[n, oy·sh + ky − top, ox·sw + kx − left, c] / count(oy, ox)
 *   dX[n, iy, ix, c] = Σ over the windows that cover it of dY[n, oy, ox, c] / count(oy, ox)
 *
 * `count` is the number of elements under a window that lie inside the image: padding does not count, as in Keras. A thread an
 * element in both; neighbouring threads have neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter pooling/average`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';
import {
  FIRST_WINDOW_WGSL,
  type PoolParams,
  poolCases,
  poolConstants,
  poolInputs,
  poolOutputs,
  poolParams,
  visitWindow,
  windowsPerInput,
} from './geometry.js';

const cases: readonly PoolParams[] = [
  ...poolCases,
  poolParams({ batch: 3, height: 8, width: 9, channels: 65, pool: [8, 9] }),
  poolParams({ batch: 1, height: 5, width: 5, channels: 3, pool: [4, 4], stride: [1, 2], padding: 'same' }),
];

/** WGSL of the elements under a window that lie inside the image, along one axis. */
const EXTENT_WGSL = `
fn extent(output: u32, stride: u32, window: u32, padding: i32, size: u32) -> u32 {
  let first = i32(output * stride) - padding;
  return u32(min(first + i32(window), i32(size)) - max(first, 0));
}`;

const forwardBindings = {
  x: { access: 'read', type: 'f32', length: poolInputs },
  y: { access: 'write', type: 'f32', length: poolOutputs },
} as const satisfies Record<string, Binding<PoolParams>>;

export const averagePool = defineKernel<PoolParams, keyof typeof forwardBindings>({
  name: 'pooling/average-forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(poolOutputs(p)),
      wgsl: (p) => `
${constants({ ...poolConstants(p), OUTPUTS: poolOutputs(p), ROW: flatRow(poolOutputs(p)) })}
${EXTENT_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let c = index % CHANNELS;
  let ox = index / CHANNELS % OUT_W;
  let oy = index / (CHANNELS * OUT_W) % OUT_H;
  let n = index / (CHANNELS * OUT_W * OUT_H);
  let top = u32(max(i32(oy * STRIDE_H) - PAD_TOP, 0));
  let left = u32(max(i32(ox * STRIDE_W) - PAD_LEFT, 0));
  let rows = extent(oy, STRIDE_H, POOL_H, PAD_TOP, HEIGHT);
  let columns = extent(ox, STRIDE_W, POOL_W, PAD_LEFT, WIDTH);
  var sum = 0.0;
  for (var iy = top; iy < top + rows; iy++) {
    // A row is summed by itself: shorter sums round less.
    var part = 0.0;
    for (var ix = left; ix < left + columns; ix++) {
      part += f32(x[((n * HEIGHT + iy) * WIDTH + ix) * CHANNELS + c]);
    }
    sum += part;
  }
  y[index] = y_t(sum / f32(rows * columns));
}`,
    },
  },
  cost: (p) => ({ flops: poolOutputs(p) * p.poolHeight * p.poolWidth, bytes: bindingBytes(forwardBindings, p) }),
  terms: (p) => p.poolHeight + p.poolWidth + 3,
  reference: (p, { x }) => ({ y: averagePoolReference(p, x) }),
  cases,
});

/** How many elements under an output's window lie inside the image. */
function countUnder(p: PoolParams, output: number): number {
  let count = 0;
  visitWindow(p, output, () => count++);
  return count;
}

/** Average pooling in plain loops, in float64. */
export function averagePoolReference(p: PoolParams, x: Float64Array): Float64Array {
  return new Float64Array(poolOutputs(p)).map((_, output) => {
    let sum = 0;
    visitWindow(p, output, (input) => {
      sum += x[input] as number;
    });
    return sum / countUnder(p, output);
  });
}

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: poolOutputs },
  dX: { access: 'write', type: 'f32', length: poolInputs },
} as const satisfies Record<string, Binding<PoolParams>>;

export const averagePoolBackward = defineKernel<PoolParams, keyof typeof backwardBindings>({
  name: 'pooling/average-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(poolInputs(p)),
      wgsl: (p) => `
${constants({ ...poolConstants(p), INPUTS: poolInputs(p), ROW: flatRow(poolInputs(p)) })}
${EXTENT_WGSL}
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
    let rows = extent(oy, STRIDE_H, POOL_H, PAD_TOP, HEIGHT);
    for (var ox = firstWindow(column, POOL_W, STRIDE_W); ox < OUT_W && ox * STRIDE_W <= column; ox++) {
      let columns = extent(ox, STRIDE_W, POOL_W, PAD_LEFT, WIDTH);
      sum += dY[((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c] / f32(rows * columns);
    }
  }
  dX[index] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: poolOutputs(p) * p.poolHeight * p.poolWidth, bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => windowsPerInput(p) + 3,
  reference: (p, { dY }) => {
    const dX = new Float64Array(poolInputs(p));
    dY.forEach((gradient, output) => {
      const share = gradient / countUnder(p, output);
      visitWindow(p, output, (input) => {
        dX[input] = (dX[input] as number) + share;
      });
    });
    return { dX };
  },
  cases,
});

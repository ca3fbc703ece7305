/**
 * Zero padding: rows and columns of zeros around the images of an NHWC tensor, and its gradient, which cuts them off.
 *
 *   Y[n, oy, ox, c] = X[n, oy − top, ox − left, c] inside the image, else 0
 *   dX[n, iy, ix, c] = dY[n, iy + top, ix + left, c]
 *
 * Y is (n, top + h + bottom, left + w + right, c). X and Y are float32 or float16, gradients float32. A thread an
 * element that is written; neighbouring threads are neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter pad`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface PadParams {
  readonly batch: number;
  /** Of the image without padding. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const paddedHeight = (p: PadParams): number => p.top + p.height + p.bottom;
const paddedWidth = (p: PadParams): number => p.left + p.width + p.right;
const inner = (p: PadParams): number => p.batch * p.height * p.width * p.channels;
const padded = (p: PadParams): number => p.batch * paddedHeight(p) * paddedWidth(p) * p.channels;

const padConstants = (p: PadParams): Record<string, number> => ({
  HEIGHT: p.height,
  WIDTH: p.width,
  CHANNELS: p.channels,
  TOP: p.top,
  LEFT: p.left,
  OUT_H: paddedHeight(p),
  OUT_W: paddedWidth(p),
});

/** Index among the padded elements of an element of the image, for the references. */
function paddedIndex(p: PadParams, index: number): number {
  const c = index % p.channels;
  const ix = Math.floor(index / p.channels) % p.width;
  const iy = Math.floor(index / (p.channels * p.width)) % p.height;
  const n = Math.floor(index / (p.channels * p.width * p.height));
  return ((n * paddedHeight(p) + iy + p.top) * paddedWidth(p) + ix + p.left) * p.channels + c;
}

const sides = (top: number, bottom: number, left: number, right: number) => ({ top, bottom, left, right });

const cases: readonly PadParams[] = [
  { batch: 1, height: 1, width: 1, channels: 1, ...sides(0, 0, 0, 0) },
  { batch: 3, height: 1, width: 1, channels: 1, ...sides(1, 1, 1, 1) },
  { batch: 2, height: 7, width: 33, channels: 3, ...sides(2, 0, 0, 3) },
  { batch: 1, height: 65, width: 9, channels: 7, ...sides(0, 5, 1, 0) },
  { batch: 2, height: 3, width: 2, channels: 129, ...sides(4, 3, 2, 1) },
  // MobileNetV2's, before its strides.
  { batch: 16, height: 32, width: 32, channels: 48, ...sides(0, 1, 0, 1) },
];

const forwardBindings = {
  x: { access: 'read', type: 'f32', length: inner },
  y: { access: 'write', type: 'f32', length: padded },
} as const satisfies Record<string, Binding<PadParams>>;

export const zeroPad = defineKernel<PadParams, keyof typeof forwardBindings>({
  name: 'pad/forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(padded(p)),
      wgsl: (p) => `
${constants({ ...padConstants(p), OUTPUTS: padded(p), ROW: flatRow(padded(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let c = index % CHANNELS;
  // For pixels before the image, these unsigned differences wrap around to large numbers.
  let ix = index / CHANNELS % OUT_W - LEFT;
  let iy = index / (CHANNELS * OUT_W) % OUT_H - TOP;
  let n = index / (CHANNELS * OUT_W * OUT_H);
  var value = 0.0;
  if (iy < HEIGHT && ix < WIDTH) { value = f32(x[((n * HEIGHT + iy) * WIDTH + ix) * CHANNELS + c]); }
  y[index] = y_t(value);
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 0,
  reference: (p, { x }) => ({ y: zeroPadReference(p, x) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases,
});

/** Zero padding in plain loops. */
export function zeroPadReference(p: PadParams, x: Float64Array): Float64Array {
  const y = new Float64Array(padded(p));
  x.forEach((value, index) => {
    y[paddedIndex(p, index)] = value;
  });
  return y;
}

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: padded },
  dX: { access: 'write', type: 'f32', length: inner },
} as const satisfies Record<string, Binding<PadParams>>;

export const zeroPadBackward = defineKernel<PadParams, keyof typeof backwardBindings>({
  name: 'pad/backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(inner(p)),
      wgsl: (p) => `
${constants({ ...padConstants(p), INPUTS: inner(p), ROW: flatRow(inner(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= INPUTS) { return; }
  let c = index % CHANNELS;
  let ox = index / CHANNELS % WIDTH + LEFT;
  let oy = index / (CHANNELS * WIDTH) % HEIGHT + TOP;
  let n = index / (CHANNELS * WIDTH * HEIGHT);
  dX[index] = dY[((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c];
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: 2 * 4 * inner(p) }),
  terms: () => 0,
  reference: (p, { dY }) => ({
    dX: new Float64Array(inner(p)).map((_, index) => dY[paddedIndex(p, index)] as number),
  }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases,
});

/**
 * Resampling of NHWC images that takes the nearest pixel, and its gradient.
 *
 * Output o of an axis lies inside input source(o) = ⌊(o + ½) · size / out⌋ = ⌊(2o + 1) · size / (2 · out)⌋ (between
 * two, the second):
 *
 *   Y[n, oy, ox, c] = X[n, source(oy), source(ox), c]
 *   dX[n, iy, ix, c] = Σ dY[n, oy, ox, c] over the outputs with source(oy) = iy and source(ox) = ix, in ascending order
 *
 * The outputs of input i are those with i · 2 · out ≤ (2o + 1) · size < (i + 1) · 2 · out: from firstOutput(i) to below
 * firstOutput(i + 1), with firstOutput(i) = ⌈(2i · out − size) / (2 · size)⌉.
 *
 * X and Y are float32 or float16, gradients float32. A thread an element that is written; neighbouring threads are
 * neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter resize/nearest`.
 */
import { absolute, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { flatGrid } from '../runtime/wgsl.js';
import {
  backwardBindings,
  forwardBindings,
  inputSize,
  outputSize,
  outputsPerInput,
  position,
  type ResizeParams,
  resizeCases,
  resizeConstants,
} from './params.js';

export const resizeNearest = defineKernel<ResizeParams, keyof typeof forwardBindings>({
  name: 'resize/nearest-forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(outputSize(p)),
      wgsl: (p) => `
${resizeConstants(p, outputSize(p))}

fn source(o: i32, size: i32, out: i32) -> i32 { return (2 * o + 1) * size / (2 * out); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let pixel = i32(index / CHANNELS);
  let ix = source(pixel % OUT_W, WIDTH, OUT_W);
  let iy = source(pixel / OUT_W % OUT_H, HEIGHT, OUT_H);
  let n = pixel / (OUT_W * OUT_H);
  y[index] = y_t(f32(x[u32((n * HEIGHT + iy) * WIDTH + ix) * CHANNELS + c]));
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 0,
  reference: (p, { x }) => ({ y: resizeNearestReference(p, x) }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: resizeCases,
});

/** The input that an output is taken from, as indices. */
function sourceOf(p: ResizeParams, output: number): number {
  const { n, y, x, c } = position(output, p.outHeight, p.outWidth, p.channels);
  const iy = Math.floor(((2 * y + 1) * p.height) / (2 * p.outHeight));
  const ix = Math.floor(((2 * x + 1) * p.width) / (2 * p.outWidth));
  return ((n * p.height + iy) * p.width + ix) * p.channels + c;
}

/** Resampling by the nearest pixel in plain loops. */
export const resizeNearestReference = (p: ResizeParams, x: Float64Array): Float64Array =>
  new Float64Array(outputSize(p)).map((_, output) => x[sourceOf(p, output)] as number);

export const resizeNearestBackward = defineKernel<ResizeParams, keyof typeof backwardBindings>({
  name: 'resize/nearest-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(inputSize(p)),
      wgsl: (p) => `
${resizeConstants(p, inputSize(p))}

fn firstOutput(i: i32, size: i32, out: i32) -> i32 { return (2 * i * out + size - 1) / (2 * size); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let pixel = i32(index / CHANNELS);
  let ix = pixel % WIDTH;
  let iy = pixel / WIDTH % HEIGHT;
  let image = pixel / (WIDTH * HEIGHT) * OUT_H;
  var sum = 0.0;
  for (var oy = firstOutput(iy, HEIGHT, OUT_H); oy < firstOutput(iy + 1, HEIGHT, OUT_H); oy++) {
    for (var ox = firstOutput(ix, WIDTH, OUT_W); ox < firstOutput(ix + 1, WIDTH, OUT_W); ox++) {
      sum += dY[u32((image + oy) * OUT_W + ox) * CHANNELS + c];
    }
  }
  dX[index] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: outputSize(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => outputsPerInput(p.height, p.outHeight, 0.5) * outputsPerInput(p.width, p.outWidth, 0.5),
  reference: (p, { dY }) => {
    const dX = new Float64Array(inputSize(p));
    dY.forEach((gradient, output) => {
      const input = sourceOf(p, output);
      dX[input] = (dX[input] as number) + gradient;
    });
    return { dX };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: resizeCases,
});

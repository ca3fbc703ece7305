/**
 * Bilinear resampling of NHWC images between the centres of their pixels, without antialiasing, and its gradient.
 *
 * Output o of an axis lies over input s(o) = (o + ½) · size / out − ½, clamped to 0 … size − 1, and takes from both
 * neighbours:
 *
 *   Y[n, oy, ox, c] = Σ_{iy, ix} weight(oy, iy) · weight(ox, ix) · X[n, iy, ix, c]
 *   dX[n, iy, ix, c] = Σ_{oy, ox} weight(oy, iy) · weight(ox, ix) · dY[n, oy, ox, c]
 *   with weight(o, i) = max(0, 1 − |s(o) − i|)
 *
 * Backward, each input gathers from the outputs with i − 1 < s(o) < i + 1, in ascending order:
 *
 *   o > ((2i − 1) · out − size) / (2 · size)     and     o < ((2i + 3) · out − size) / (2 · size)
 *
 * Outputs beyond the outermost centres, where s is clamped, lie inside these bounds too: for i = 0 the first is
 * negative, for i = size − 1 the second is more than out − 1.
 *
 * In units of 1 / (2 · out), s and weights are whole numbers: each weight is rounded once. X and Y are float32 or
 * float16, gradients float32. A thread an element that is written; neighbouring threads are neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter resize/bilinear`.
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

/** WGSL of `source(o, size, out) -> i32`: s(o) in units of 1 / (2 · out). */
const SOURCE_WGSL = `
fn source(o: i32, size: i32, out: i32) -> i32 {
  return clamp((2 * o + 1) * size - out, 0, (size - 1) * 2 * out);
}`;

export const resizeBilinear = defineKernel<ResizeParams, keyof typeof forwardBindings>({
  name: 'resize/bilinear-forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(outputSize(p)),
      wgsl: (p) => `
${resizeConstants(p, outputSize(p))}
${SOURCE_WGSL}

/** The two inputs of an axis that an output takes from, and its weights for them. */
struct Neighbours { first: u32, second: u32, weights: vec2f }

fn neighbours(o: i32, size: i32, out: i32) -> Neighbours {
  let s = source(o, size, out);
  let first = s / (2 * out);
  let beyond = s - first * 2 * out;
  let weights = vec2f(f32(2 * out - beyond), f32(beyond)) / f32(2 * out);
  return Neighbours(u32(first), u32(min(first + 1, size - 1)), weights);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let pixel = i32(index / CHANNELS);
  let columns = neighbours(pixel % OUT_W, WIDTH, OUT_W);
  let rows = neighbours(pixel / OUT_W % OUT_H, HEIGHT, OUT_H);
  let image = u32(pixel / (OUT_W * OUT_H) * HEIGHT);
  let upper = (image + rows.first) * u32(WIDTH);
  let lower = (image + rows.second) * u32(WIDTH);
  let above = vec2f(f32(x[(upper + columns.first) * CHANNELS + c]), f32(x[(upper + columns.second) * CHANNELS + c]));
  let below = vec2f(f32(x[(lower + columns.first) * CHANNELS + c]), f32(x[(lower + columns.second) * CHANNELS + c]));
  y[index] = y_t(dot(rows.weights, vec2f(dot(columns.weights, above), dot(columns.weights, below))));
}`,
    },
  },
  cost: (p) => ({ flops: 9 * outputSize(p), bytes: bindingBytes(forwardBindings, p) }),
  // Four products of an input and two weights, each of which may be off by 2.5 units in the last place.
  terms: () => 4 + 6,
  reference: (p, { x }) => ({ y: resizeBilinearReference(p, x) }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: resizeCases,
});

/** The weight of input i for output o. */
function weight(o: number, i: number, size: number, out: number): number {
  const s = ((2 * o + 1) * size - out) / (2 * out);
  return Math.max(0, 1 - Math.abs(Math.min(Math.max(s, 0), size - 1) - i));
}

/** All pairs of an output and an input of an axis with a weight above zero: for each output, its inputs. */
const axis = (size: number, out: number): { readonly i: number; readonly weight: number }[][] =>
  Array.from({ length: out }, (_, o) =>
    Array.from({ length: size }, (_, i) => ({ i, weight: weight(o, i, size, out) })).filter((pair) => pair.weight > 0),
  );

/** Calls `visit` for each output and input with a share in it. */
function shares(p: ResizeParams, visit: (output: number, input: number, share: number) => void): void {
  const rows = axis(p.height, p.outHeight);
  const columns = axis(p.width, p.outWidth);
  for (let output = 0; output < outputSize(p); output++) {
    const { n, y, x, c } = position(output, p.outHeight, p.outWidth, p.channels);
    for (const row of rows[y] ?? [])
      for (const column of columns[x] ?? []) {
        const input = ((n * p.height + row.i) * p.width + column.i) * p.channels + c;
        visit(output, input, row.weight * column.weight);
      }
  }
}

/** Bilinear resampling in plain loops, in float64. */
export function resizeBilinearReference(p: ResizeParams, x: Float64Array): Float64Array {
  const y = new Float64Array(outputSize(p));
  shares(p, (output, input, share) => {
    y[output] = (y[output] as number) + share * (x[input] as number);
  });
  return y;
}

const outputsOf = (p: ResizeParams): number =>
  outputsPerInput(p.height, p.outHeight, 1) * outputsPerInput(p.width, p.outWidth, 1);

export const resizeBilinearBackward = defineKernel<ResizeParams, keyof typeof backwardBindings>({
  name: 'resize/bilinear-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(inputSize(p)),
      wgsl: (p) => `
${resizeConstants(p, inputSize(p))}
${SOURCE_WGSL}

/** The weight of input i for output o. */
fn weight(o: i32, i: i32, size: i32, out: i32) -> f32 {
  return f32(max(2 * out - abs(source(o, size, out) - i * 2 * out), 0)) / f32(2 * out);
}

/** The outputs of an axis that take from input i: the first, and the one behind the last. */
fn outputs(i: i32, size: i32, out: i32) -> vec2i {
  let first = select((2 * i - 1) * out - size, -2 * size, (2 * i - 1) * out < size) / (2 * size) + 1;
  let end = ((2 * i + 3) * out + size - 1) / (2 * size);
  return vec2i(first, min(end, out));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let pixel = i32(index / CHANNELS);
  let ix = pixel % WIDTH;
  let iy = pixel / WIDTH % HEIGHT;
  let image = pixel / (WIDTH * HEIGHT) * OUT_H;
  let columns = outputs(ix, WIDTH, OUT_W);
  let rows = outputs(iy, HEIGHT, OUT_H);
  var sum = 0.0;
  for (var oy = rows.x; oy < rows.y; oy++) {
    var line = 0.0;
    for (var ox = columns.x; ox < columns.y; ox++) {
      line = fma(weight(ox, ix, WIDTH, OUT_W), dY[u32((image + oy) * OUT_W + ox) * CHANNELS + c], line);
    }
    sum = fma(weight(oy, iy, HEIGHT, OUT_H), line, sum);
  }
  dX[index] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: 2 * inputSize(p) * outputsOf(p), bytes: bindingBytes(backwardBindings, p) }),
  // Products with two weights, each of which may be off by 2.5 units in the last place.
  terms: (p) => outputsOf(p) + 6,
  reference: (p, { dY }) => {
    const dX = new Float64Array(inputSize(p));
    shares(p, (output, input, share) => {
      dX[input] = (dX[input] as number) + share * (dY[output] as number);
    });
    return { dX };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: resizeCases,
});

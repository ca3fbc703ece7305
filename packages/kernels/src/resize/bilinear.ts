/**
 * Bilinear resizing of an NHWC tensor, and its gradient.
 *
 *   s = (o + ½)·in/out − ½, not below 0;  l = ⌊s⌋;  t = s − l       along each axis, l and l + 1 not beyond the image
 *   Y = (1 − ty)·((1 − tx)·X[ly, lx] + tx·X[ly, lx+1]) + ty·((1 − tx)·X[ly+1, lx] + tx·X[ly+1, lx+1])
 *   dX[i] = Σ over the outputs o of dY[o] · (share of i in o along y) · (share along x)
 *
 * s = n / (2·out) with the integer n = (2o + 1)·in − out, so that l and t are exact. A thread an element that is written.
 * Backward, each input gathers from the outputs near it, in a fixed order.
 * Timed by `pnpm anke bench kernels --filter resize/bilinear`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { flatGrid } from '../runtime/wgsl.js';
import {
  elementIndex,
  OUTPUT_RANGE_WGSL,
  type ResizeParams,
  resizeCases,
  resizeConstants,
  resizeInputs,
  resizeOutputs,
  visitOutputs,
} from './geometry.js';

/** WGSL of the input below an output's centre along an axis, and how far the centre is from it towards the next. */
const CENTRE_WGSL = `
struct Centre { lower: u32, upper: u32, t: f32 }

fn centre(output: u32, size: u32, outSize: u32) -> Centre {
  let n = max((2u * output + 1u) * size, outSize) - outSize;
  let lower = min(n / (2u * outSize), size - 1u);
  return Centre(lower, min(lower + 1u, size - 1u), f32(n % (2u * outSize)) / f32(2u * outSize));
}`;

/** The same on the CPU. */
function centre(output: number, size: number, outSize: number) {
  const s = Math.max(((2 * output + 1) * size - outSize) / (2 * outSize), 0);
  const lower = Math.min(Math.floor(s), size - 1);
  return { lower, upper: Math.min(lower + 1, size - 1), t: s - Math.floor(s) };
}

/** The four inputs of an output with their shares. */
function sharesOf(p: ResizeParams, n: number, oy: number, ox: number, c: number): [input: number, share: number][] {
  const row = centre(oy, p.height, p.outHeight);
  const column = centre(ox, p.width, p.outWidth);
  return [
    [elementIndex(p, n, row.lower, column.lower, c), (1 - row.t) * (1 - column.t)],
    [elementIndex(p, n, row.lower, column.upper, c), (1 - row.t) * column.t],
    [elementIndex(p, n, row.upper, column.lower, c), row.t * (1 - column.t)],
    [elementIndex(p, n, row.upper, column.upper, c), row.t * column.t],
  ];
}

const forwardBindings = {
  x: { access: 'read', type: 'f32', length: resizeInputs },
  y: { access: 'write', type: 'f32', length: resizeOutputs },
} as const satisfies Record<string, Binding<ResizeParams>>;

export const resizeBilinear = defineKernel<ResizeParams, keyof typeof forwardBindings>({
  name: 'resize/bilinear-forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(resizeOutputs(p)),
      wgsl: (p) => `
${resizeConstants(p, resizeOutputs(p))}
${CENTRE_WGSL}

fn input(n: u32, iy: u32, ix: u32, c: u32) -> f32 { return f32(x[((n * HEIGHT + iy) * WIDTH + ix) * CHANNELS + c]); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let column = centre(index / CHANNELS % OUT_W, WIDTH, OUT_W);
  let row = centre(index / (CHANNELS * OUT_W) % OUT_H, HEIGHT, OUT_H);
  let n = index / (CHANNELS * OUT_W * OUT_H);
  let top = mix(input(n, row.lower, column.lower, c), input(n, row.lower, column.upper, c), column.t);
  let bottom = mix(input(n, row.upper, column.lower, c), input(n, row.upper, column.upper, c), column.t);
  y[index] = y_t(mix(top, bottom, row.t));
}`,
    },
  },
  cost: (p) => ({ flops: 9 * resizeOutputs(p), bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 12,
  reference: (p, { x }) => {
    const y = new Float64Array(resizeOutputs(p));
    visitOutputs(p, (output, { n, oy, ox, c }) => {
      for (const [input, share] of sharesOf(p, n, oy, ox, c))
        y[output] = (y[output] as number) + share * (x[input] as number);
    });
    return { y };
  },
  cases: resizeCases,
});

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: resizeOutputs },
  dX: { access: 'write', type: 'f32', length: resizeInputs },
} as const satisfies Record<string, Binding<ResizeParams>>;

export const resizeBilinearBackward = defineKernel<ResizeParams, keyof typeof backwardBindings>({
  name: 'resize/bilinear-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(resizeInputs(p)),
      wgsl: (p) => `
${resizeConstants(p, resizeInputs(p))}
${CENTRE_WGSL}
${OUTPUT_RANGE_WGSL}

// The share of an input in an output along one axis.
fn share(output: u32, input: u32, size: u32, outSize: u32) -> f32 {
  let at = centre(output, size, outSize);
  return select(0.0, 1.0 - at.t, at.lower == input) + select(0.0, at.t, at.upper == input);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let ix = index / CHANNELS % WIDTH;
  let iy = index / (CHANNELS * WIDTH) % HEIGHT;
  let n = index / (CHANNELS * WIDTH * HEIGHT);
  var sum = 0.0;
  for (var oy = firstOutput(iy, HEIGHT, OUT_H); oy < endOutput(iy, HEIGHT, OUT_H); oy++) {
    var part = 0.0;
    for (var ox = firstOutput(ix, WIDTH, OUT_W); ox < endOutput(ix, WIDTH, OUT_W); ox++) {
      part = fma(share(ox, ix, WIDTH, OUT_W), dY[((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c], part);
    }
    sum = fma(share(oy, iy, HEIGHT, OUT_H), part, sum);
  }
  dX[index] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: 8 * resizeOutputs(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => 2 * Math.ceil(p.outHeight / p.height) + 2 * Math.ceil(p.outWidth / p.width) + 12,
  reference: (p, { dY }) => {
    const dX = new Float64Array(resizeInputs(p));
    visitOutputs(p, (output, { n, oy, ox, c }) => {
      for (const [input, share] of sharesOf(p, n, oy, ox, c))
        dX[input] = (dX[input] as number) + share * (dY[output] as number);
    });
    return { dX };
  },
  cases: resizeCases,
});

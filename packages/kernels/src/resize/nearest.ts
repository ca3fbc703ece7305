/**
 * Resizing of an NHWC tensor to the nearest pixel, and its gradient.
 *
 *   Y[o] = X[⌊(o + ½)·in/out⌋]        dX[i] = Σ dY of the outputs that took i
 *
 * A thread an element that is written. Backward, each input gathers from the outputs near it, in a fixed order.
 * Timed by `pnpm anke bench kernels --filter resize/nearest`.
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

const NEAREST_WGSL = `
fn nearest(output: u32, size: u32, outSize: u32) -> u32 { return (2u * output + 1u) * size / (2u * outSize); }`;

/** The same on the CPU: the input that an output takes, along one axis. */
const nearest = (output: number, size: number, outSize: number): number =>
  Math.floor(((2 * output + 1) * size) / (2 * outSize));

/** Calls `visit` with each output and the input that it takes. */
function visitPairs(p: ResizeParams, visit: (output: number, input: number) => void): void {
  visitOutputs(p, (output, { n, oy, ox, c }) => {
    const iy = nearest(oy, p.height, p.outHeight);
    visit(output, elementIndex(p, n, iy, nearest(ox, p.width, p.outWidth), c));
  });
}

const forwardBindings = {
  x: { access: 'read', type: 'f32', length: resizeInputs },
  y: { access: 'write', type: 'f32', length: resizeOutputs },
} as const satisfies Record<string, Binding<ResizeParams>>;

export const resizeNearest = defineKernel<ResizeParams, keyof typeof forwardBindings>({
  name: 'resize/nearest-forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(resizeOutputs(p)),
      wgsl: (p) => `
${resizeConstants(p, resizeOutputs(p))}
${NEAREST_WGSL}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let ix = nearest(index / CHANNELS % OUT_W, WIDTH, OUT_W);
  let iy = nearest(index / (CHANNELS * OUT_W) % OUT_H, HEIGHT, OUT_H);
  let n = index / (CHANNELS * OUT_W * OUT_H);
  y[index] = y_t(f32(x[((n * HEIGHT + iy) * WIDTH + ix) * CHANNELS + c]));
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 0,
  reference: (p, { x }) => {
    const y = new Float64Array(resizeOutputs(p));
    visitPairs(p, (output, input) => {
      y[output] = x[input] as number;
    });
    return { y };
  },
  cases: resizeCases,
});

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: resizeOutputs },
  dX: { access: 'write', type: 'f32', length: resizeInputs },
} as const satisfies Record<string, Binding<ResizeParams>>;

export const resizeNearestBackward = defineKernel<ResizeParams, keyof typeof backwardBindings>({
  name: 'resize/nearest-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(resizeInputs(p)),
      wgsl: (p) => `
${resizeConstants(p, resizeInputs(p))}
${NEAREST_WGSL}
${OUTPUT_RANGE_WGSL}

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
    if (nearest(oy, HEIGHT, OUT_H) != iy) { continue; }
    for (var ox = firstOutput(ix, WIDTH, OUT_W); ox < endOutput(ix, WIDTH, OUT_W); ox++) {
      if (nearest(ox, WIDTH, OUT_W) == ix) { sum += dY[((n * OUT_H + oy) * OUT_W + ox) * CHANNELS + c]; }
    }
  }
  dX[index] = sum;
}`,
    },
  },
  cost: (p) => ({ flops: resizeOutputs(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: (p) => (Math.ceil(p.outHeight / p.height) + 1) * (Math.ceil(p.outWidth / p.width) + 1),
  reference: (p, { dY }) => {
    const dX = new Float64Array(resizeInputs(p));
    visitPairs(p, (output, input) => {
      dX[input] = (dX[input] as number) + (dY[output] as number);
    });
    return { dX };
  },
  cases: resizeCases,
});

/**
 * Zero padding of an NHWC tensor, and its gradient, which crops.
 *
 *   Y[n, oy, ox, c] = X[n, oy − top, ox − left, c] inside the image, else 0        dX[n, iy, ix, c] = dY[n, iy + top, ix + left, c]
 *
 * A thread an element that is written; neighbouring threads have neighbouring channels.
 * Timed by `pnpm anke bench kernels --filter pad`.
 */
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

export interface PadParams {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const outHeight = (p: PadParams): number => p.top + p.height + p.bottom;
const outWidth = (p: PadParams): number => p.left + p.width + p.right;
const inputs = (p: PadParams): number => p.batch * p.height * p.width * p.channels;
const outputs = (p: PadParams): number => p.batch * outHeight(p) * outWidth(p) * p.channels;

const sizes = (p: PadParams, threads: number): string =>
  constants({
    HEIGHT: p.height,
    WIDTH: p.width,
    CHANNELS: p.channels,
    TOP: p.top,
    LEFT: p.left,
    OUT_H: outHeight(p),
    OUT_W: outWidth(p),
    THREADS: threads,
    ROW: flatRow(threads),
  });

/** Calls `visit` with the index of each input and of the output that holds it. */
function visitPairs(p: PadParams, visit: (input: number, output: number) => void): void {
  for (let input = 0; input < inputs(p); input++) {
    const c = input % p.channels;
    const ix = Math.floor(input / p.channels) % p.width;
    const iy = Math.floor(input / (p.channels * p.width)) % p.height;
    const n = Math.floor(input / (p.channels * p.width * p.height));
    visit(input, ((n * outHeight(p) + iy + p.top) * outWidth(p) + ix + p.left) * p.channels + c);
  }
}

const cases: readonly PadParams[] = [
  { batch: 1, height: 1, width: 1, channels: 1, top: 0, bottom: 0, left: 0, right: 0 },
  { batch: 2, height: 3, width: 7, channels: 3, top: 0, bottom: 1, left: 0, right: 1 },
  { batch: 1, height: 33, width: 5, channels: 65, top: 2, bottom: 0, left: 3, right: 1 },
  { batch: 3, height: 14, width: 14, channels: 24, top: 1, bottom: 1, left: 1, right: 1 },
];

const forwardBindings = {
  x: { access: 'read', type: 'f32', length: inputs },
  y: { access: 'write', type: 'f32', length: outputs },
} as const satisfies Record<string, Binding<PadParams>>;

export const zeroPad = defineKernel<PadParams, keyof typeof forwardBindings>({
  name: 'pad/forward',
  bindings: forwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(outputs(p)),
      wgsl: (p) => `
${sizes(p, outputs(p))}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let ox = index / CHANNELS % OUT_W;
  let oy = index / (CHANNELS * OUT_W) % OUT_H;
  let n = index / (CHANNELS * OUT_W * OUT_H);
  var value = 0.0;
  if (oy >= TOP && oy < TOP + HEIGHT && ox >= LEFT && ox < LEFT + WIDTH) {
    value = f32(x[((n * HEIGHT + oy - TOP) * WIDTH + ox - LEFT) * CHANNELS + c]);
  }
  y[index] = y_t(value);
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(forwardBindings, p) }),
  terms: () => 0,
  reference: (p, { x }) => {
    const y = new Float64Array(outputs(p));
    visitPairs(p, (input, output) => {
      y[output] = x[input] as number;
    });
    return { y };
  },
  cases,
});

const backwardBindings = {
  dY: { access: 'read', type: 'f32', length: outputs },
  dX: { access: 'write', type: 'f32', length: inputs },
} as const satisfies Record<string, Binding<PadParams>>;

export const zeroPadBackward = defineKernel<PadParams, keyof typeof backwardBindings>({
  name: 'pad/backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(inputs(p)),
      wgsl: (p) => `
${sizes(p, inputs(p))}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= THREADS) { return; }
  let c = index % CHANNELS;
  let ix = index / CHANNELS % WIDTH;
  let iy = index / (CHANNELS * WIDTH) % HEIGHT;
  let n = index / (CHANNELS * WIDTH * HEIGHT);
  dX[index] = dY[((n * OUT_H + iy + TOP) * OUT_W + ix + LEFT) * CHANNELS + c];
}`,
    },
  },
  cost: (p) => ({ flops: 0, bytes: bindingBytes(backwardBindings, p) }),
  terms: () => 0,
  reference: (p, { dY }) => {
    const dX = new Float64Array(inputs(p));
    visitPairs(p, (input, output) => {
      dX[input] = dY[output] as number;
    });
    return { dX };
  },
  cases,
});

/**
 * Depthwise convolution backward weights in two dispatches: threads that sum all taps of one channel over one part of
 * the output rows, then a thread a weight that joins the parts (window/join-weights.ts).
 *
 *   weightParts[s, ky, kx, co] = Σ_{(n, oy) in part s, ox} X[n, iy, ix, ci] · dY[n, oy, ox, co]
 *   with iy = oy·sh + ky·dh − top and ix = ox·sw + kx·dw − left inside the image
 *
 * A thread goes down the rows of its part in strips (depthwise/strip.ts), with the input under the window in registers:
 * at each step it loads the rows of the input that are new and a row of dY. Neighbouring threads are neighbouring
 * channels.
 *
 * `strip` is for software GPUs: each thread's sums are a part. `shared` is for real ones, which need more threads than
 * a join can add up: a workgroup's threads are some channels by some shares of a part, whose sums they add in the
 * workgroup's memory, always in the same order. On lavapipe, `strip` takes 0.5 to 0.9 times as long as a thread that
 * went along the rows of its part with one window in registers.
 * Timed by `pnpm anke bench kernels --filter depthwise/backward-weights --variant strip` (`shared`).
 */
import { orZero, range, unroll } from '../../conv2d/unrolled.js';
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../../runtime/wgsl.js';
import { joinWeights } from '../../window/join-weights.js';
import { kernelSize, outChannels } from '../geometry.js';
import {
  declareHeld,
  type Form,
  heldInput,
  heldValue,
  loadFresh,
  loadKept,
  moveDown,
  needOf,
  runOf,
  STRIP,
  stripConstants,
  TILE,
  tapsOf,
} from '../strip.js';
import type { DepthwiseBackwardWeightsParams } from './params.js';

/** The most parts: the second dispatch adds as many numbers one after the other. */
const MAX_PARTS = 256;
/** Threads that keep a device busy: a CPU's few cores, a GPU's many. */
const BUSY = { strip: 2048, shared: 65536 };
/** Threads of a workgroup that shares its sums, and the most channels that they are of. */
const WORKGROUP = 128;
const MAX_CHANNELS = 32;

const taps = (p: DepthwiseBackwardWeightsParams): number => p.kernelHeight * p.kernelWidth;
const rows = (p: DepthwiseBackwardWeightsParams): number => p.batch * p.outHeight;

const runFor = (p: DepthwiseBackwardWeightsParams, form: Form): number | undefined =>
  runOf({ width: p.outWidth, stride: 1 }, form, (run) => {
    const { held, loads } = needOf(heldInput(p, run));
    return { held: held + taps(p) + run, loads };
  });

/** Channels of a workgroup of `shared`: a power of two, and threads of it that have the same one. */
function sharing(p: DepthwiseBackwardWeightsParams): { readonly channels: number; readonly shares: number } {
  const channels = Math.min(MAX_CHANNELS, 2 ** Math.ceil(Math.log2(outChannels(p))));
  return { channels, shares: WORKGROUP / channels };
}

/** The rows of a thread, and the parts that there are, if `shares` threads sum a part. */
function cut(p: DepthwiseBackwardWeightsParams, busy: number, shares: number) {
  const threads = Math.min(Math.ceil(busy / outChannels(p)), MAX_PARTS * shares);
  const rowsPerShare = Math.ceil(rows(p) / threads);
  return { rowsPerShare, parts: Math.ceil(rows(p) / (rowsPerShare * shares)) };
}

/**
 * WGSL of a thread's sums `sum_0` … over the rows from `first` to before `end`, and `total`, of dY. It needs `co`, the
 * channel of the output.
 */
function sumsWgsl(p: DepthwiseBackwardWeightsParams, run: number): string {
  const held = heldInput(p, run);
  const [down, across] = p.dilation ?? [1, 1];
  const gradient = (i: number): string => {
    const inside = p.outWidth % run === 0 ? [] : [`column + ${i}u < OUT_W`];
    return `      let y_${i} = ${orZero(inside, `dY[(row * OUT_W + column + ${i}u) * OUT + co]`)};`;
  };
  const products = range(run).flatMap((i) =>
    tapsOf(p).flatMap(({ ky, kx, index }) => {
      const value = heldValue(held, ky * down, i * p.strideWidth + kx * across);
      return value === undefined ? [] : [`      sum_${index} = fma(${value}, y_${i}, sum_${index});`];
    }),
  );
  return `
  let ci = co / MULTIPLIER;
${unroll(range(taps(p)), (t) => `  var sum_${t} = 0.0;`)}
  var total = 0.0;
${declareHeld(held)}
  for (var strip = 0u; strip < ${opaque(`${held.strips}u`, 'dY')}; strip++) {
    let column = strip * RUN;
    let left = i32(column * STRIDE_W) - PAD_LEFT;
    for (var row = first; row < end; row++) {
      let image = row / OUT_H * HEIGHT;
      let top = i32(row % OUT_H * STRIDE_H) - PAD_TOP;
      if (row == first || row % OUT_H == 0u) {
${loadKept(held)}
      }
${loadFresh(held)}
${unroll(range(run), gradient)}
${unroll(products, (line) => line)}
      total += ${range(run)
        .map((i) => `y_${i}`)
        .join(' + ')};
${moveDown(held)}
    }
  }`;
}

const partSizes = (p: DepthwiseBackwardWeightsParams, { rowsPerShare }: { readonly rowsPerShare: number }) => ({
  rows: rows(p),
  rowsPerShare,
});

const joining = (parts: (p: DepthwiseBackwardWeightsParams) => number) => ({
  bindings: ({ bias }: DepthwiseBackwardWeightsParams) => ['x', 'dY', 'weightParts', ...(bias ? ['biasParts'] : [])],
  join: joinWeights<DepthwiseBackwardWeightsParams>({ weights: kernelSize, outputs: outChannels, parts }),
});

const stripCut = (p: DepthwiseBackwardWeightsParams) => cut(p, BUSY.strip, 1);
const stripThreads = (p: DepthwiseBackwardWeightsParams): number => stripCut(p).parts * outChannels(p);

export const strip: Variant<DepthwiseBackwardWeightsParams> = {
  available: (p) => runFor(p, STRIP) !== undefined,
  suits: (_, traits) => STRIP.suits(traits),
  ...joining((p) => stripCut(p).parts),
  sizes: (p) => ({
    ...partSizes(p, stripCut(p)),
    threads: stripThreads(p),
    threadRow: flatRow(stripThreads(p)),
  }),
  grid: (p) => flatGrid(stripThreads(p)),
  wgsl: (p) => {
    const run = runFor(p, STRIP) ?? 1;
    return `
${constants({ ...stripConstants(p, run), TAPS: taps(p) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * sizes.threadRow + thread.x;
  if (index >= sizes.threads) { return; }
  let co = index % OUT;
  let part = index / OUT;
  let first = part * sizes.rowsPerShare;
  let end = min(first + sizes.rowsPerShare, sizes.rows);
${sumsWgsl(p, run)}
${unroll(range(taps(p)), (t) => `  weightParts[(part * TAPS + ${t}u) * OUT + co] = sum_${t};`)}
  ${p.bias ? 'biasParts[part * OUT + co] = total;' : ''}
}`;
  },
};

const sharedCut = (p: DepthwiseBackwardWeightsParams) => cut(p, BUSY.shared, sharing(p).shares);
const blocks = (p: DepthwiseBackwardWeightsParams): number => Math.ceil(outChannels(p) / sharing(p).channels);
/** Sums of a thread: of each tap, and of the bias. */
const sums = (p: DepthwiseBackwardWeightsParams): number => taps(p) + (p.bias ? 1 : 0);

export const shared: Variant<DepthwiseBackwardWeightsParams> = {
  available: (p, traits) =>
    runFor(p, TILE) !== undefined && sums(p) * WORKGROUP * 4 <= Math.min(traits.maxWorkgroupStorage, 16384),
  suits: (_, traits) => TILE.suits(traits),
  ...joining((p) => sharedCut(p).parts),
  sizes: (p) => partSizes(p, sharedCut(p)),
  grid: (p) => [blocks(p), sharedCut(p).parts, 1],
  wgsl: (p) => {
    const run = runFor(p, TILE) ?? 1;
    const { channels, shares } = sharing(p);
    return `
${constants({
  ...stripConstants(p, run),
  TAPS: taps(p),
  SUMS: sums(p),
  CHANNELS: channels,
  SHARES: shares,
  WORKGROUP,
})}

var<workgroup> all: array<f32, SUMS * WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let block = group.x * CHANNELS;
  let part = group.y;
  let co = min(block + local % CHANNELS, OUT - 1u);
  let first = (part * SHARES + local / CHANNELS) * sizes.rowsPerShare;
  let end = min(first + sizes.rowsPerShare, sizes.rows);
${sumsWgsl(p, run)}
${unroll(range(taps(p)), (t) => `  all[${t}u * WORKGROUP + local] = sum_${t};`)}
  ${p.bias ? 'all[TAPS * WORKGROUP + local] = total;' : ''}
  workgroupBarrier();
  for (var i = local; i < SUMS * CHANNELS; i += WORKGROUP) {
    let channel = block + i % CHANNELS;
    let tap = i / CHANNELS;
    var sum = 0.0;
    for (var share = 0u; share < SHARES; share++) { sum += all[tap * WORKGROUP + share * CHANNELS + i % CHANNELS]; }
    if (channel >= OUT) { continue; }
    if (tap < TAPS) { weightParts[(part * TAPS + tap) * OUT + channel] = sum; }
    ${p.bias ? 'else { biasParts[part * OUT + channel] = sum; }' : ''}
  }
}`;
  },
};

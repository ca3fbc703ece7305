/**
 * Depthwise convolution forward, a thread a strip of RUN columns of an image's output, in one channel: see
 * depthwise/strip.ts.
 *
 *   Y[n, oy, left + i, co] = finish(bias[co] + Σ_{ky, kx} x_{ky·dh}_{i·sw + kx·dw} · w_{ky, kx})   for i < RUN
 *
 * A thread holds its channel's weights and, of the input, the rows under its window; at each step down it loads those
 * that are new. Neighbouring threads are neighbouring channels. `strip` is for software GPUs, `tile`, with shorter and
 * narrower strips, for real ones. On lavapipe, `strip` takes half of the time that a thread a run of 8 outputs of one
 * row took, and an eighth of `plain`'s.
 * Timed by `pnpm anke bench kernels --filter depthwise/forward --variant strip` (`tile`).
 */
import { range, unroll } from '../../conv2d/unrolled.js';
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../../runtime/wgsl.js';
import { outChannels } from '../geometry.js';
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
  type Tap,
  TILE,
  tapsOf,
} from '../strip.js';
import { type DepthwiseForwardParams, start } from './params.js';

const runFor = (p: DepthwiseForwardParams, form: Form): number | undefined =>
  runOf({ width: p.outWidth, stride: 1 }, form, (run) => {
    const { held, loads } = needOf(heldInput(p, run));
    return { held: held + p.kernelHeight * p.kernelWidth, loads };
  });

/** How the work is cut into threads. */
function cut(p: DepthwiseForwardParams, form: Form) {
  const run = runFor(p, form) ?? 1;
  const strips = Math.ceil(p.outWidth / run);
  const across = p.batch * strips * outChannels(p);
  const rows = form.steps(p.outHeight, across);
  const segments = Math.ceil(p.outHeight / rows);
  return { run, strips, rows, segments, threads: across * segments };
}

/** Adds the products of a tap to the sums of all columns. */
function products(p: DepthwiseForwardParams, run: number, { ky, kx, index }: Tap): string {
  const [down, across] = p.dilation ?? [1, 1];
  const held = heldInput(p, run);
  return unroll(
    range(run).flatMap((i) => {
      const value = heldValue(held, ky * down, i * p.strideWidth + kx * across);
      return value === undefined ? [] : [`    sum_${i} = fma(${value}, w_${index}, sum_${i});`];
    }),
    (line) => line,
  );
}

const inForm = (form: Form): Variant<DepthwiseForwardParams> => ({
  available: (p) => runFor(p, form) !== undefined,
  // The random numbers of a dropout, written out for each column, take half a second to compile.
  suits: (p, traits) => form.suits(traits) && p.epilogue.dropout === undefined,
  sizes: (p) => {
    const { threads, rows, segments } = cut(p, form);
    return { threads, threadRow: flatRow(threads), rows, segments };
  },
  grid: (p) => flatGrid(cut(p, form).threads),
  wgsl: (p) => {
    const { run, strips } = cut(p, form);
    const held = heldInput(p, run);
    const taps = tapsOf(p);
    const write = (i: number): string => `    ${p.outWidth % run === 0 ? '' : `if (column + ${i}u < OUT_W) `}{
      let output = first + ${i}u * OUT;
      y[output] = y_t(finish(sum_${i}, output));
    }`;
    return `
${constants({ ...stripConstants(p, run), STRIPS: strips })}
${epilogueWgsl(p.epilogue)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * sizes.threadRow + thread.x;
  if (index >= sizes.threads) { return; }
  let co = index % OUT;
  let ci = co / MULTIPLIER;
  let column = index / OUT % STRIPS * RUN;
  let segment = index / (OUT * STRIPS);
  let n = segment / sizes.segments;
  let above = segment % sizes.segments * sizes.rows;
  let image = n * HEIGHT;
  let left = i32(column * STRIDE_W) - PAD_LEFT;
  var top = i32(above * STRIDE_H) - PAD_TOP;
  let start = ${start(p)};
${unroll(taps, ({ index }) => `  let w_${index} = w[${index}u * OUT + co];`)}
${declareHeld(held)}
${loadKept(held)}
  for (var oy = above; oy < min(above + sizes.rows, OUT_H); oy++) {
${loadFresh(held)}
${unroll(range(run), (i) => `    var sum_${i} = start;`)}
${unroll(taps, (tap) => products(p, run, tap))}
    let first = ((n * OUT_H + oy) * OUT_W + column) * OUT + co;
${unroll(range(run), write)}
${moveDown(held)}
    top += i32(STRIDE_H);
  }
}`;
  },
});

export const strips = { strip: inForm(STRIP), tile: inForm(TILE) };

/**
 * Depthwise convolution backward data, a thread a strip of RUN columns of an image's input, in one channel: see
 * depthwise/strip.ts.
 *
 *   dX[n, sh·g + r, left + i, ci] = finish(Σ_{ky, kx, m} y_m_{a}_{b} · W[ky, kx, ci, m])   for r < sh, i < RUN
 *   over the taps for which a = (r + top − ky·dh) / sh − first and b = (i + padding − kx·dw) / sw − first are whole
 *
 * A step goes down by sh rows of the input, which is a row of windows, and strips begin at multiples of sw: so the
 * values that meet are the same at all steps of all strips. A thread holds its channel's weights and the rows of
 * gradients whose windows touch the rows of the step. Neighbouring threads are neighbouring channels. `strip` is for
 * software GPUs, `tile`, with shorter and narrower strips, for real ones. On lavapipe, `strip` takes a third to a half
 * of the time that a thread a run of 8 inputs of one row took.
 * Timed by `pnpm anke bench kernels --filter depthwise/backward-data --variant strip` (`tile`).
 */
import { range, unroll } from '../../conv2d/unrolled.js';
import type { Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../../runtime/wgsl.js';
import { coverage } from '../../window/dilation.js';
import { kernelSize } from '../geometry.js';
import {
  declareHeld,
  type Form,
  type HeldRows,
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
import { type DepthwiseBackwardDataParams, finishWgsl } from './params.js';

/**
 * The windows along an axis that touch the inputs 0 … `inputs` − 1: the first, and their number.
 *
 * @param axis pixels that the kernel covers, its stride and the padding before the image
 */
function windows(inputs: number, [covered, stride, padding]: readonly [number, number, number]) {
  const first = Math.ceil((padding - covered + 1) / stride);
  return { first, count: Math.max(Math.floor((padding + inputs - 1) / stride) - first + 1, 0) };
}

const rowsOf = (p: DepthwiseBackwardDataParams) =>
  windows(p.strideHeight, [coverage(p).height, p.strideHeight, p.padTop]);
const columnsOf = (p: DepthwiseBackwardDataParams, run: number) =>
  windows(run, [coverage(p).width, p.strideWidth, p.padLeft]);

/** The gradients of kernel m of a channel whose windows touch a strip. */
const heldGradients = (p: DepthwiseBackwardDataParams, run: number, m: number): HeldRows => ({
  name: `y_${m}`,
  load: (index) => `dY[${index}]`,
  image: { height: 'OUT_H', width: 'OUT_W', channels: 'OUT' },
  channel: `ci * MULTIPLIER + ${m}u`,
  rows: rowsOf(p).count,
  columns: columnsOf(p, run).count,
  step: 1,
  first: columnsOf(p, run).first,
  across: run / p.strideWidth,
  strips: Math.ceil(p.width / run),
  width: p.outWidth,
});

const runFor = (p: DepthwiseBackwardDataParams, form: Form): number | undefined =>
  runOf({ width: p.width, stride: p.strideWidth }, form, (run) => {
    const { held, loads } = needOf(heldGradients(p, run, 0));
    return { held: held * p.multiplier + kernelSize(p) / p.channels, loads: loads * p.multiplier };
  });

/** How the work is cut into threads. */
function cut(p: DepthwiseBackwardDataParams, form: Form) {
  const run = runFor(p, form) ?? p.strideWidth;
  const strips = Math.ceil(p.width / run);
  const across = p.batch * strips * p.channels;
  const all = Math.ceil(p.height / p.strideHeight);
  const steps = form.steps(all, across);
  const segments = Math.ceil(all / steps);
  return { run, strips, steps, segments, threads: across * segments };
}

/** Names of the two factors of the products of input (r, i) of a step. */
function factors(p: DepthwiseBackwardDataParams, run: number, r: number, i: number): (readonly [string, string])[] {
  const [down, across] = p.dilation ?? [1, 1];
  return range(p.multiplier).flatMap((m) => {
    const held = heldGradients(p, run, m);
    return tapsOf(p).flatMap(({ ky, kx, index }) => {
      const a = (r + p.padTop - ky * down) / p.strideHeight - rowsOf(p).first;
      const b = (i + p.padLeft - kx * across) / p.strideWidth - held.first;
      const value = Number.isInteger(a) && Number.isInteger(b) ? heldValue(held, a, b) : undefined;
      return value === undefined ? [] : [[value, `w_${m}_${index}`] as const];
    });
  });
}

const inForm = (form: Form): Variant<DepthwiseBackwardDataParams> => ({
  available: (p) => runFor(p, form) !== undefined,
  suits: (_, traits) => form.suits(traits),
  sizes: (p) => {
    const { threads, steps, segments } = cut(p, form);
    return { threads, threadRow: flatRow(threads), steps, segments };
  },
  grid: (p) => flatGrid(cut(p, form).threads),
  wgsl: (p) => {
    const { run, strips } = cut(p, form);
    const held = range(p.multiplier).map((m) => heldGradients(p, run, m));
    const weight = (m: number): string =>
      unroll(tapsOf(p), ({ index }) => `  let w_${m}_${index} = w[(${index}u * IN + ci) * MULTIPLIER + ${m}u];`);
    const conditions = (r: number, i: number): string[] => [
      ...(p.height % p.strideHeight === 0 ? [] : [`row + ${r}u < HEIGHT`]),
      ...(p.width % run === 0 ? [] : [`column + ${i}u < WIDTH`]),
    ];
    const write = (r: number, i: number): string => {
      const inside = conditions(r, i)
        .map((condition) => `(${condition})`)
        .join(' & ');
      return `    ${inside === '' ? '' : `if (${inside}) `}{
      let input = first + ${r}u * WIDTH * IN + ${i}u * IN;
      dX[input] = finish(${factors(p, run, r, i).length > 0 ? `sum_${r}_${i}` : '0.0'}, input);
    }`;
    };
    const inputs = range(p.strideHeight).flatMap((r) => range(run).map((i) => [r, i] as const));
    // The sums take their terms in turn, so that an addition need not wait for the one before.
    const term = (k: number): string[] =>
      inputs.flatMap(([r, i]) => {
        const [value, w] = factors(p, run, r, i)[k] ?? [];
        if (value === undefined) return [];
        return k === 0
          ? `    var sum_${r}_${i} = ${value} * ${w};`
          : `    sum_${r}_${i} = fma(${value}, ${w}, sum_${r}_${i});`;
      });
    const terms = range(p.kernelHeight * p.kernelWidth * p.multiplier).flatMap(term);
    return `
${constants({
  ...stripConstants(p, run),
  STRIPS: strips,
  FIRST_ROW: { i32: rowsOf(p).first },
  FIRST_COLUMN: { i32: columnsOf(p, run).first },
})}
${finishWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * sizes.threadRow + thread.x;
  if (index >= sizes.threads) { return; }
  let ci = index % IN;
  let column = index / IN % STRIPS * RUN;
  let segment = index / (IN * STRIPS);
  let n = segment / sizes.segments;
  let above = segment % sizes.segments * sizes.steps;
  let image = n * OUT_H;
  let left = i32(column / STRIDE_W) + FIRST_COLUMN;
  var top = i32(above) + FIRST_ROW;
${unroll(range(p.multiplier), weight)}
${unroll(held, declareHeld)}
${unroll(held, loadKept)}
  for (var step = above; step < min(above + sizes.steps, (HEIGHT + STRIDE_H - 1u) / STRIDE_H); step++) {
${unroll(held, loadFresh)}
${unroll(terms, (line) => line)}
    let row = step * STRIDE_H;
    let first = ((n * HEIGHT + row) * WIDTH + column) * IN + ci;
${unroll(inputs, ([r, i]) => write(r, i))}
${unroll(held, moveDown)}
    top += 1;
  }
}`;
  },
});

export const strips = { strip: inForm(STRIP), tile: inForm(TILE) };

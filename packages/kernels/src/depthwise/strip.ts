/**
 * What the strip variants of the three directions share: a thread goes down a strip of an image, some columns wide, in
 * one channel, and holds the rows that lie under its window. So each value is loaded once for all taps of all outputs
 * of the strip: with 3 × 3 taps and 8 columns, 10 loads a row for 72 products.
 *
 * Values are named, not elements of an array, so that they stay in registers. Where a strip is as wide as the image,
 * the columns beside the image are known to be zero, and their products are left out.
 */
import { orZero, range, unroll } from '../conv2d/unrolled.js';
import type { Traits } from '../runtime/kernel.js';
import { coverage } from '../window/dilation.js';
import { type DepthwiseParams, depthwiseConstants } from './geometry.js';

/** Values and weights that a thread holds at most. */
const MAX_HELD = 100;
/**
 * Values up to which a step loads more than one column needs. Software GPUs make some hundred bytes of code of a load:
 * with 34 of them, as 8 columns with a stride of 2 need, a step does not fit into the cores' caches and takes twice as
 * long.
 */
const MAX_LOADS = 20;
/** Threads that keep a CPU's cores busy. */
const BUSY = 2048;

/** In which pieces threads compute an image. */
export interface Form {
  /** Columns of a strip, at most. */
  readonly columns: number;
  /**
   * Steps down that a thread takes of those of an image.
   *
   * @param threads that there are for each step
   */
  steps(ofImage: number, threads: number): number;
  suits(traits: Traits): boolean;
}

/** For software GPUs: as wide and as long as leaves work for all cores. */
export const STRIP: Form = {
  columns: 8,
  steps: (ofImage, threads) => Math.ceil(ofImage / Math.min(ofImage, Math.ceil(BUSY / threads))),
  suits: ({ software }) => software,
};

/** For real GPUs, which need many threads: some rows, which share the rows that overlap. */
export const TILE: Form = {
  columns: 4,
  steps: (ofImage) => Math.ceil(ofImage / Math.ceil(ofImage / 4)),
  suits: ({ software }) => !software,
};

/** The rows under a strip's window, which moves down by `step` rows at a time. */
export interface HeldRows {
  /** What the values are named after, and WGSL of one by its index in memory. */
  readonly name: string;
  load(index: string): string;
  /** WGSL of the image's sizes, and of the channel. */
  readonly image: { readonly height: string; readonly width: string; readonly channels: string };
  readonly channel: string;
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
  /** The first strip's first column, and how far from it the next strip's lies. */
  readonly first: number;
  readonly across: number;
  readonly strips: number;
  /** Columns of the image. */
  readonly width: number;
}

/** The input under a strip of `run` columns of the output. */
export function heldInput(p: DepthwiseParams, run: number): HeldRows {
  const { height, width } = coverage(p);
  return {
    name: 'x',
    load: (index) => `f32(x[${index}])`,
    image: { height: 'HEIGHT', width: 'WIDTH', channels: 'IN' },
    channel: 'ci',
    rows: height,
    columns: (run - 1) * p.strideWidth + width,
    step: p.strideHeight,
    first: -p.padLeft,
    across: run * p.strideWidth,
    strips: Math.ceil(p.outWidth / run),
    width: p.width,
  };
}

/** Values that a thread holds, and those that it loads at each step. */
interface Need {
  readonly held: number;
  readonly loads: number;
}

/**
 * The columns of a strip: `width` in nearly equal parts, multiples of `stride`, for which a thread needs no more than
 * it may.
 *
 * @param needOf what a thread needs for so many columns
 * @returns nothing if any number of columns needs too much
 */
export function runOf(
  { width, stride }: { readonly width: number; readonly stride: number },
  { columns }: Form,
  needOf: (run: number) => Need,
): number | undefined {
  for (let most = columns; most > 0; most--) {
    const run = Math.ceil(Math.ceil(width / Math.ceil(width / most)) / stride) * stride;
    const { held, loads } = needOf(run);
    if (held <= MAX_HELD && (loads <= MAX_LOADS || most === 1)) return run;
  }
  return undefined;
}

/** What a thread needs of some rows. */
export const needOf = ({ rows, columns, step }: HeldRows): Need => ({
  held: rows * columns,
  loads: Math.min(step, rows) * columns,
});

/** The name of a held value; nothing if it is known to be zero. */
export function heldValue(held: HeldRows, row: number, column: number): string | undefined {
  const { name, strips, first, width } = held;
  const at = first + column;
  return strips === 1 && (at < 0 || at >= width) ? undefined : `${name}_${row}_${column}`;
}

const forValues = (held: HeldRows, rows: readonly number[], text: (name: string, column: number) => string): string =>
  unroll(
    rows.flatMap((row) =>
      range(held.columns).flatMap((column) => {
        const value = heldValue(held, row, column);
        return value === undefined ? [] : [text(value, column)];
      }),
    ),
    (line) => line,
  );

/** Rows that the window keeps at a step, and those that it gets. */
const kept = ({ rows, step }: HeldRows): number[] => range(Math.max(rows - step, 0));
const fresh = ({ rows, step }: HeldRows): number[] => range(rows).slice(Math.max(rows - step, 0));

export const declareHeld = (held: HeldRows): string =>
  forValues(held, range(held.rows), (name) => `  var ${name} = 0.0;`);

/**
 * WGSL that loads rows of the window: zero outside the image. It needs `image`, the image's first row in memory, `top`,
 * the window's first row in the image, and `left`, its first column.
 */
function loadRows(held: HeldRows, rows: readonly number[]): string {
  const { image, channel, first, across, strips, width } = held;
  const load = (row: number): string => `      {
        let inside = (top + ${row} >= 0) & (top + ${row} < i32(${image.height}));
        let line = u32((i32(image) + top + ${row}) * i32(${image.width}) + left) * ${image.channels} + ${channel};
${forValues(held, [row], (name, column) => {
  const [least, most] = [first + column, first + (strips - 1) * across + column];
  const inside = [
    'inside',
    ...(least < 0 && strips > 1 ? [`left + ${column} >= 0`] : []),
    ...(most >= width && strips > 1 ? [`left + ${column} < i32(${image.width})`] : []),
  ];
  return `        ${name} = ${orZero(inside, held.load(`line + ${column}u * ${image.channels}`))};`;
})}
      }`;
  return unroll(rows, load);
}

/** WGSL that loads what a window has of the one above it: before the first step. */
export const loadKept = (held: HeldRows): string => loadRows(held, kept(held));
/** WGSL that loads what is new at a step. */
export const loadFresh = (held: HeldRows): string => loadRows(held, fresh(held));

/** WGSL that moves the window down. */
export const moveDown = (held: HeldRows): string =>
  unroll(kept(held), (row) =>
    forValues(held, [row], (name, column) => `      ${name} = ${heldValue(held, row + held.step, column)};`),
  );

/** The sizes as constants, but for the batch: batches of any size share a shader. */
export function stripConstants(p: DepthwiseParams, run: number) {
  const { BATCH: _, ...sizes } = depthwiseConstants(p);
  return { ...sizes, RUN: run };
}

/** A tap of the kernel, and its weight's name. */
export interface Tap {
  readonly ky: number;
  readonly kx: number;
  readonly index: number;
}

export const tapsOf = ({ kernelHeight, kernelWidth }: DepthwiseParams): Tap[] =>
  range(kernelHeight * kernelWidth).map((index) => ({
    ky: Math.floor(index / kernelWidth),
    kx: index % kernelWidth,
    index,
  }));

/**
 * The CPU reference of `augment`, in float64, and how far float32 may be from it.
 */
import { philox4x32 } from '@anke/random';
import { STREAMS } from '../random/philox.js';
import { type Arrays, EPSILON } from '../runtime/kernel.js';
import type { Augmentation, AugmentParams } from './augmentation.js';
import { ELASTIC_ROUNDINGS, elasticField } from './elastic.js';
import { pixelAt } from './gather.js';
import { type Tone, type Toned, toneOf } from './tone.js';

type Inputs = Arrays<'pixels' | 'labels' | 'order' | 'counters'>;

type Position = readonly [row: number, column: number];

/** What an image draws: where each pixel of the result comes from, and what is done to its value. */
function transformOf(
  p: AugmentParams,
  drawn: { readonly step: number; readonly seed: number; readonly image: number },
  pixels: Float64Array,
): { readonly source: (r: number, c: number) => Position; readonly tone: Tone } {
  const {
    shape: [height, width],
    augmentation: a,
  } = p;
  const { step, seed, image } = drawn;
  const draw = (block: number): Uint32Array => {
    const words = Uint32Array.of(4 * image + block, step, 0, STREAMS.augment);
    philox4x32(words, seed, 0);
    return words;
  };
  const [turned = 0, shiftedRows = 0, shiftedColumns = 0, sheared = 0] = draw(0);
  const [zoomedRows = 0, zoomedColumns = 0, flippedColumns = 0, flippedRows = 0] = draw(1);
  const third = draw(2);
  const [, rowSign = 0, columnSign = 0] = third;
  const between = (low: number, high: number, word: number): number => low + (high - low) * ((word >>> 8) / 2 ** 24);
  const shift = (by: number | readonly number[], word: number, sign: number): number =>
    typeof by === 'number'
      ? between(-by, by, word)
      : (by[((word >>> 16) * by.length) >>> 16] as number) * (sign >= 2 ** 31 ? 1 : -1);
  const theta = (between(-a.rotation, a.rotation, turned) * Math.PI) / 180;
  const phi = (between(-a.shear, a.shear, sheared) * Math.PI) / 180;
  const [zr, zc] = [between(...a.zoom, zoomedRows), between(...a.zoom, zoomedColumns)];
  const [tr, tc] = [shift(a.heightShift, shiftedRows, rowSign), shift(a.widthShift, shiftedColumns, columnSign)];
  const [cos, sin] = [Math.cos(theta), Math.sin(theta)];
  // R · S · Z, written out.
  const linear = [
    [cos * zr, (-cos * Math.sin(phi) - sin * Math.cos(phi)) * zc],
    [sin * zr, (-sin * Math.sin(phi) + cos * Math.cos(phi)) * zc],
  ] as const;
  const center = [(height - 1) / 2, (width - 1) / 2] as const;
  const flipRows = a.verticalFlip && flippedRows < 2 ** 31;
  const flipColumns = a.horizontalFlip && flippedColumns < 2 ** 31;
  const displacement = elasticField(p, drawn);
  return {
    tone: toneOf(p, { ...drawn, third, fourth: draw(3) }, pixels),
    source: (r, c) => {
      const [rows, columns] = displacement(r, c);
      const down = (flipRows ? height - 1 - r : r) - center[0];
      const right = (flipColumns ? width - 1 - c : c) - center[1];
      return [
        center[0] + linear[0][0] * down + linear[0][1] * right + cos * tr - sin * tc + rows,
        center[1] + linear[1][0] * down + linear[1][1] * right + sin * tr + cos * tc + columns,
      ];
    },
  };
}

/** What an interpolation takes from: four pixels, and how far it goes to the lower and the right ones. */
interface Cell {
  readonly upper: readonly [left: number, right: number];
  readonly lower: readonly [left: number, right: number];
  readonly down: number;
  readonly across: number;
}

/** Where a position lies in an image (height, width) and, beyond its edge, as the fill mode has it. */
function cellAt(
  pixel: (r: number, c: number) => number,
  at: Position,
  sides: Position,
  { fillMode, cval }: Augmentation,
): Cell {
  if (fillMode === 'constant' && at.some((x, axis) => x < 0 || x > (sides[axis] as number) - 1))
    return { upper: [cval, cval], lower: [cval, cval], down: 0, across: 0 };
  const axes = at.map((x, axis) => {
    const size = sides[axis] as number;
    const period = size - 1;
    let inside = x;
    if (fillMode === 'wrap' && (x < 0 || x > period)) inside = period === 0 ? 0 : x - Math.floor(x / period) * period;
    if (fillMode === 'nearest') inside = Math.max(0, Math.min(period, x));
    const before = Math.floor(inside);
    const neighbour = (i: number): number => {
      if (fillMode !== 'reflect') return Math.min(i, size - 1);
      const folded = ((i % (2 * size)) + 2 * size) % (2 * size);
      return Math.min(folded, 2 * size - 1 - folded);
    };
    return { before: neighbour(before), after: neighbour(before + 1), part: inside - before };
  });
  const [rows, columns] = axes as [(typeof axes)[number], (typeof axes)[number]];
  const along = (r: number): [number, number] => [pixel(r, columns.before), pixel(r, columns.after)];
  return { upper: along(rows.before), lower: along(rows.after), down: rows.part, across: columns.part };
}

const mix = (a: number, b: number, part: number): number => a * (1 - part) + b * part;

const interpolated = ({ upper, lower, down, across }: Cell): number =>
  mix(mix(...upper, across), mix(...lower, across), down);

const unsigned = ({ upper, lower, ...place }: Cell): Cell => ({
  ...place,
  upper: [Math.abs(upper[0]), Math.abs(upper[1])],
  lower: [Math.abs(lower[0]), Math.abs(lower[1])],
});

/** How far float32 may be from where a pixel comes from, in pixels. */
function positionError({ shape: [height, width], augmentation }: AugmentParams): number {
  const { heightShift, widthShift, zoom, elastic = [0, 0], stroke = 0 } = augmentation;
  const elasticReach = Math.max(...elastic);
  const moved = Math.max(...[heightShift, widthShift].flat().map(Math.abs)) + elasticReach + stroke;
  // A coordinate is rounded some 16 times, at most at the size that it can reach.
  return EPSILON * (16 * ((height + width) * Math.max(1, zoom[1]) + moved) + ELASTIC_ROUNDINGS * elasticReach);
}

/**
 * What lies at a position, and how much of it is due to where float32 takes it from: within the rounding of its
 * coordinates, the value changes at most by what the cells around differ, and where an edge of the image lies in
 * between, by all that lies beyond it.
 */
function valueAt(cell: (at: Position) => Cell, [row, column]: Position, error: number): Toned {
  const here = cell([row, column]);
  const value = interpolated(here);
  let moved = 0;
  for (const down of [-error, error])
    for (const across of [-error, error]) {
      const there = cell([row + down, column + across]);
      const around = [...there.upper, ...there.lower];
      const slopes = 2 * error * (Math.max(...around) - Math.min(...around));
      moved = Math.max(moved, slopes + Math.abs(interpolated(there) - value));
    }
  return { value, size: interpolated(unsigned(here)), error: moved };
}

/** The largest of values, or the least; the error is at most the largest of theirs. */
function extremeOf(values: readonly Toned[], isLargest: boolean): Toned {
  const choose = isLargest ? Math.max : Math.min;
  return {
    value: choose(...values.map(({ value }) => value)),
    size: Math.max(...values.map(({ size }) => size)),
    error: Math.max(...values.map(({ error }) => error)),
  };
}

/** Each element of X before it ends at the largest value and is rescaled. */
function values(p: AugmentParams, { pixels, order, counters }: Inputs): Toned[] {
  const { shape, rowLength } = p;
  const [height, width, channels] = shape;
  const [step = 0, index = 0, seed = 0] = counters;
  const error = positionError(p);
  return Array.from({ length: p.batch }, (_, b) => {
    const start = (order[index * p.stride + b] as number) * rowLength;
    const image = Float64Array.from({ length: rowLength }, (__, i) => pixelAt(pixels, start + i, p));
    const { source, tone } = transformOf(p, { step, seed, image: p.alike ? 0 : b }, image);
    return Array.from(image, (__, i) => {
      const pixel = (r: number, c: number): number => image[(r * width + c) * channels + (i % channels)] as number;
      const cell = (at: Position): Cell => cellAt(pixel, at, [height, width], p.augmentation);
      const [row, column] = [Math.floor(i / (channels * width)), Math.floor(i / channels) % width];
      const [r, c] = source(row, column);
      const t = tone.thickness;
      const beside = [
        [r + t, c],
        [r - t, c],
        [r, c + t],
        [r, c - t],
      ] as const;
      const around = t === 0 ? [] : beside.map((at) => valueAt(cell, at, error));
      return tone.apply({ row, column, index: i }, extremeOf([valueAt(cell, [r, c], error), ...around], t > 0));
    });
  }).flat();
}

export function augmentReference(p: AugmentParams, inputs: Inputs): Record<'x' | 'y', Float64Array> {
  const { contrast, noise } = p.augmentation;
  const largest = p.floats ? Number.POSITIVE_INFINITY : 255;
  const least = p.floats || (contrast === undefined && !noise) ? Number.NEGATIVE_INFINITY : 0;
  const first = (inputs.counters[1] as number) * p.stride;
  return {
    x: Float64Array.from(
      values(p, inputs),
      ({ value }) => Math.max(least, Math.min(value, largest)) * p.factor + p.offset,
    ),
    y: Float64Array.from({ length: p.batch }, (_, b) => inputs.labels[inputs.order[first + b] as number] as number),
  };
}

/**
 * Magnitudes of X: of the terms of each element, and of what its place may be off by.
 *
 * @param terms what the magnitudes are multiplied by: the coordinates have roundings of their own
 */
export const augmentMagnitudes = (p: AugmentParams, inputs: Inputs, terms: number): Float64Array =>
  Float64Array.from(
    values(p, inputs),
    ({ size, error }) => (size + error / (EPSILON * terms)) * Math.abs(p.factor) + Math.abs(p.offset),
  );

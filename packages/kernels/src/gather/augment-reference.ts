/**
 * The CPU reference of `augment`, in float64, and how far float32 may be from it.
 */
import { philox4x32 } from '@anke/random';
import { STREAMS } from '../random/philox.js';
import { type Arrays, EPSILON } from '../runtime/kernel.js';
import type { Augmentation, AugmentParams } from './augmentation.js';
import { pixelAt } from './gather.js';

type Inputs = Arrays<'pixels' | 'labels' | 'order' | 'counters'>;

type Position = readonly [row: number, column: number];

/** What an image draws: where each pixel of the result comes from, and the brightness. */
function transformOf(
  { shape: [height, width], augmentation: a }: AugmentParams,
  { step, seed, image }: { readonly step: number; readonly seed: number; readonly image: number },
): { readonly source: (r: number, c: number) => Position; readonly brightness: number } {
  const draw = (block: number): Uint32Array => {
    const words = Uint32Array.of(4 * image + block, step, 0, STREAMS.augment);
    philox4x32(words, seed, 0);
    return words;
  };
  const [turned = 0, shiftedRows = 0, shiftedColumns = 0, sheared = 0] = draw(0);
  const [zoomedRows = 0, zoomedColumns = 0, flippedColumns = 0, flippedRows = 0] = draw(1);
  const [brightened = 0, rowSign = 0, columnSign = 0] = draw(2);
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
  return {
    brightness: between(...a.brightness, brightened),
    source: (r, c) => {
      const down = (flipRows ? height - 1 - r : r) - center[0];
      const right = (flipColumns ? width - 1 - c : c) - center[1];
      return [
        center[0] + linear[0][0] * down + linear[0][1] * right + cos * tr - sin * tc,
        center[1] + linear[1][0] * down + linear[1][1] * right + sin * tr + cos * tc,
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

/** Calls `visit` for each element of X, with where it comes from and what lies there. */
function visitElements(
  p: AugmentParams,
  { pixels, order, counters }: Inputs,
  visit: (index: number, at: Position, cell: (at: Position) => Cell, brightness: number) => void,
): void {
  const { shape, rowLength } = p;
  const [height, width, channels] = shape;
  const [step = 0, index = 0, seed = 0] = counters;
  for (let b = 0; b < p.batch; b++) {
    const row = order[index * p.stride + b] as number;
    const image = Float64Array.from({ length: rowLength }, (_, i) => pixelAt(pixels, row * rowLength + i, p));
    const { source, brightness } = transformOf(p, { step, seed, image: b });
    for (let i = 0; i < rowLength; i++) {
      const pixel = (r: number, c: number): number => image[(r * width + c) * channels + (i % channels)] as number;
      const at = source(Math.floor(i / (channels * width)), Math.floor(i / channels) % width);
      visit(b * rowLength + i, at, (where) => cellAt(pixel, where, [height, width], p.augmentation), brightness);
    }
  }
}

export function augmentReference(p: AugmentParams, inputs: Inputs): Record<'x' | 'y', Float64Array> {
  const x = new Float64Array(p.batch * p.rowLength);
  const largest = p.floats ? Number.POSITIVE_INFINITY : 255;
  visitElements(p, inputs, (i, at, cell, brightness) => {
    x[i] = Math.min(interpolated(cell(at)) * brightness, largest) * p.factor + p.offset;
  });
  const first = (inputs.counters[1] as number) * p.stride;
  return {
    x,
    y: Float64Array.from({ length: p.batch }, (_, b) => inputs.labels[inputs.order[first + b] as number] as number),
  };
}

/**
 * Magnitudes of X. A pixel comes from somewhere within the rounding of its coordinates: there, the value changes at
 * most by what the cells around differ, and where an edge of the image lies in between, by all that lies beyond it.
 *
 * @param terms what the magnitudes are multiplied by: the coordinates have a rounding of their own
 */
export function augmentMagnitudes(p: AugmentParams, inputs: Inputs, terms: number): Float64Array {
  const { heightShift, widthShift, zoom } = p.augmentation;
  const [height, width] = p.shape;
  // A coordinate is rounded some 16 times, at most at the size that it can reach.
  const reach = (height + width) * Math.max(1, zoom[1]) + Math.max(...[heightShift, widthShift].flat().map(Math.abs));
  const error = 16 * EPSILON * reach;
  const magnitudes = new Float64Array(p.batch * p.rowLength);
  visitElements(p, inputs, (i, [row, column], cell, brightness) => {
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
    const bright = brightness * (interpolated(unsigned(here)) + moved / (EPSILON * terms));
    magnitudes[i] = bright * Math.abs(p.factor) + Math.abs(p.offset);
  });
  return magnitudes;
}

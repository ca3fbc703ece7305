/** The first line of a CSV file of images: the names of columns say what they hold. */
import { quoted } from '@anke/messages';
import type { ImageShape } from '../dataset.js';
import { DataError } from '../errors.js';
import { unquote } from './text.js';

/** A range of columns: neighbouring pixels, or a single label or id. */
export type Part = { readonly kind: 'pixels'; readonly count: number } | { readonly kind: 'label' | 'id' };

export interface Header {
  /** The columns' names, for messages. */
  readonly columns: readonly string[];
  readonly parts: readonly Part[];
  /** (height, width, channels) */
  readonly shape: ImageShape;
  readonly pixels: number;
  /** Which pixel each pixel column holds, if they are not in their order. */
  readonly order: Uint32Array | undefined;
}

export interface HeaderOptions {
  /** A column that must be there: labels to learn from, ids of images to be predicted, or one of the two. */
  readonly needs?: 'label' | 'id' | 'either';
  /** (height, width, channels) of an image; square and with one channel if absent. */
  readonly imageShape?: ImageShape;
}

/** A name whose quotes are wrong stays as it is: it is none that is known. */
const namesOf = (line: string): string[] => line.split(',').map((name) => unquote(name.trim()) ?? name.trim());

/** A header may have so many columns more than an image has pixels and still be read, to say what is wrong with it. */
const SPARE_COLUMNS = 1000;

/** Whether a line has more cells than that, told without taking it apart, which takes seconds for a million. */
function isWiderThan(line: string, columns: number): boolean {
  let cells = 1;
  for (let at = line.indexOf(','); at >= 0 && cells <= columns; at = line.indexOf(',', at + 1)) cells++;
  return cells > columns;
}

const PIXEL = /^pixel\d{1,9}$/;

/** Whether a file's first line names a label and pixels, as that of labelled images does. */
export function isLabelled(line: string): boolean {
  const names = namesOf(line.replace(/^\uFEFF/, ''));
  return names.includes('label') && names.some((name) => PIXEL.test(name));
}

/**
 * Columns are `label`, `id`, and `pixel0` … `pixel<n−1>` (or `pixel1` … `pixel<n>`), in any order.
 *
 * @throws DataError if one is missing, is there twice or is something else
 */
export function readHeader(file: string, line: string, { needs, imageShape }: HeaderOptions): Header {
  const fail = (problem: string): DataError => new DataError(`${file}, line 1: ${problem}`);
  if (imageShape) {
    const pixels = imageShape[0] * imageShape[1] * imageShape[2];
    const most = pixels + SPARE_COLUMNS;
    if (isWiderThan(line, most))
      throw fail(`there are more than ${most} columns, but an image of ${imageShape.join(' × ')} has ${pixels} pixels`);
  }
  const columns = namesOf(line);
  const [first = ''] = columns;
  const missing =
    needs === 'either'
      ? !columns.includes('id') && !columns.includes('label') && 'id'
      : needs && !columns.includes(needs) && needs;
  if (missing) throw fail(`the column "${missing}" is missing: the first column is ${quoted(first)}`);

  const pixels = columns.flatMap((name) => (PIXEL.test(name) ? [Number(name.slice(5))] : []));
  const base = pixels.includes(0) ? 0 : 1;
  const seen = new Set<string>();
  columns.forEach((name, i) => {
    if (name !== 'label' && name !== 'id' && !PIXEL.test(name)) {
      throw fail(`column ${i + 1} is ${quoted(name)}, and "label", "id" or "pixel0", "pixel1" … are expected`);
    }
    if (seen.has(name)) throw fail(`the column "${name}" is there twice`);
    seen.add(name);
  });
  if (pixels.length === 0)
    throw fail(`the column "pixel0" is missing: there is only ${columns.map((name) => quoted(name)).join(', ')}`);
  const there = new Set(pixels);
  for (let i = base; i < base + pixels.length; i++) {
    if (!there.has(i))
      throw fail(
        `the column "pixel${i === 1 && base === 1 ? 0 : i}" is missing among ${pixels.length} columns of pixels`,
      );
  }

  const parts: Part[] = [];
  for (const name of columns) {
    const last = parts.at(-1);
    if (name === 'label' || name === 'id') parts.push({ kind: name });
    else if (last?.kind === 'pixels') parts[parts.length - 1] = { kind: 'pixels', count: last.count + 1 };
    else parts.push({ kind: 'pixels', count: 1 });
  }
  const inOrder = pixels.every((pixel, i) => pixel === base + i);
  return {
    columns,
    parts,
    shape: imageShape ? givenShape(imageShape, pixels.length, fail) : squareShape(pixels.length, base, fail),
    pixels: pixels.length,
    order: inOrder ? undefined : Uint32Array.from(pixels, (pixel) => pixel - base),
  };
}

function givenShape(shape: ImageShape, pixels: number, fail: (problem: string) => DataError): ImageShape {
  const [height, width, channels] = shape;
  if (height * width * channels !== pixels) {
    throw fail(
      `there are ${pixels} columns of pixels, but an image of ${shape.join(' × ')} has ${height * width * channels}`,
    );
  }
  return shape;
}

function squareShape(pixels: number, base: number, fail: (problem: string) => DataError): ImageShape {
  const side = Math.floor(Math.sqrt(pixels));
  if (side * side === pixels) return [side, side, 1];
  throw fail(
    `the column "pixel${pixels + base}" is missing: ${pixels} pixels make no square image ` +
      `(${side} × ${side} has ${side * side}, ${side + 1} × ${side + 1} has ${(side + 1) ** 2}); ` +
      'another shape must be given as height, width, channels',
  );
}

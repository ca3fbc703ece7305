/** A picture of many images side by side, with or without names at its rows. */
import type { ImageDataset, ImageShape } from '@anke/data';
import { PNG } from 'pngjs';
import { html } from './html.js';
import { shortName } from './names.js';
import { dataUri } from './pictures.js';
import { renderPng, textWidth } from './render.js';

const GAP = 4;
/** Images of fewer pixels a side are doubled. */
const SMALL = 64;
const BACKGROUND = 40;

const scaleOf = ([height, width]: ImageShape): number => (Math.max(height, width) < SMALL ? 2 : 1);

/** Pixels from one image to the next. */
const cellOf = (shape: ImageShape): { readonly width: number; readonly height: number } => ({
  width: shape[1] * scaleOf(shape) + GAP,
  height: shape[0] * scaleOf(shape) + GAP,
});

/**
 * The first images, `columns` in a row, small ones doubled in size, as PNG: in colour if they have three channels.
 *
 * @param apart pixels that stand between the first column and the others
 */
export function contactSheet(data: ImageDataset, columns = 20, rows = 15, apart = 0): Uint8Array {
  const [height, width, channels] = data.shape;
  const scale = scaleOf(data.shape);
  const shown = Math.min(data.count, columns * rows);
  const cell = cellOf(data.shape);
  const png = new PNG({
    width: Math.min(columns, shown) * cell.width + GAP + apart,
    height: Math.ceil(shown / columns) * cell.height + GAP,
  });
  for (let i = 0; i < png.data.length; i += 4) png.data.set([BACKGROUND, BACKGROUND, BACKGROUND, 255], i);
  for (let image = 0; image < shown; image++) {
    const column = image % columns;
    const left = column * cell.width + GAP + (column > 0 ? apart : 0);
    const top = Math.floor(image / columns) * cell.height + GAP;
    for (let y = 0; y < height * scale; y++)
      for (let x = 0; x < width * scale; x++) {
        const pixel = (image * height + Math.floor(y / scale)) * width + Math.floor(x / scale);
        const [red = 0, green = red, blue = red] = data.pixels.subarray(
          pixel * channels,
          pixel * channels + (channels === 3 ? 3 : 1),
        );
        png.data.set([red, green, blue, 255], ((top + y) * png.width + left + x) * 4);
      }
  }
  return PNG.sync.write(png, { colorType: channels === 3 ? 2 : 0 });
}

const FONT_SIZE = 13;
const MARGIN = 10;
const LONGEST_NAME = 28;

export interface SheetNames {
  /** At the left of each row. */
  readonly rows?: readonly string[];
  /** Above the first column, which stands apart, and above the others. */
  readonly columns?: readonly [first: string, others: string];
}

/** A contact sheet, `columns` in a row, with names at its rows or columns. Long names are cut. */
export async function namedSheet(
  data: ImageDataset,
  columns: number,
  { rows = [], columns: heads }: SheetNames,
): Promise<Uint8Array> {
  const cell = cellOf(data.shape);
  const names = rows.map((name) => shortName(name, LONGEST_NAME));
  const left = names.length > 0 ? Math.ceil(textWidth(names, FONT_SIZE)) + 2 * MARGIN : 0;
  const top = heads ? FONT_SIZE + 2 * MARGIN : 0;
  const first = heads ? Math.ceil(textWidth([heads[0]], FONT_SIZE)) : 0;
  const apart = heads ? Math.max(MARGIN, first + MARGIN - cell.width) : 0;
  const sheet = contactSheet(data, columns, Math.ceil(data.count / columns), apart);
  const { width, height } = PNG.sync.read(Buffer.from(sheet));
  // The others' name may be longer than their columns are wide.
  const others = left + cell.width + apart + GAP;
  const right = heads ? Math.ceil(others + textWidth([heads[1]], FONT_SIZE)) + GAP : 0;
  const whole = { width: Math.max(left + width, right), height: top + height };
  const size = Math.min(FONT_SIZE, cell.height);
  const text = (x: number, y: number, name: string, anchor: string): string =>
    `<text transform="translate(${x},${y})" font-size="${size}" text-anchor="${anchor}">${html(name)}</text>`;
  const middle = (row: number): number => top + GAP + (row + 0.5) * cell.height - GAP / 2 + FONT_SIZE * 0.36;
  const texts = [
    ...names.map((name, row) => text(left - MARGIN, middle(row), name, 'end')),
    ...(heads ? [text(left + GAP, MARGIN + FONT_SIZE - 2, heads[0], 'start')] : []),
    ...(heads ? [text(others, MARGIN + FONT_SIZE - 2, heads[1], 'start')] : []),
  ];
  const ground = `rgb(${BACKGROUND},${BACKGROUND},${BACKGROUND})`;
  return await renderPng(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${whole.width}" height="${whole.height}">
<rect width="100%" height="100%" fill="${ground}"/>
<image href="${dataUri(sheet)}" x="${left}" y="${top}" width="${width}" height="${height}"/>
<g fill="#e8e8e8">${texts.join('')}</g>
</svg>`,
    1,
  );
}

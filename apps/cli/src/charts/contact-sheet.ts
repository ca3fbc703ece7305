/** A picture of many images side by side. */
import type { ImageDataset } from '@anke/data';
import { PNG } from 'pngjs';

const GAP = 4;
const SCALE = 2;
const BACKGROUND = 40;

/** The first images, `columns` in a row, doubled in size, as PNG. */
export function contactSheet(data: ImageDataset, columns = 20, rows = 15): Uint8Array {
  const [height, width] = data.shape;
  const shown = Math.min(data.count, columns * rows);
  const cell = { width: width * SCALE + GAP, height: height * SCALE + GAP };
  const png = new PNG({
    width: Math.min(columns, shown) * cell.width + GAP,
    height: Math.ceil(shown / columns) * cell.height + GAP,
    colorType: 0,
  });
  for (let i = 0; i < png.data.length; i += 4) png.data.set([BACKGROUND, BACKGROUND, BACKGROUND, 255], i);
  for (let image = 0; image < shown; image++) {
    const left = (image % columns) * cell.width + GAP;
    const top = Math.floor(image / columns) * cell.height + GAP;
    for (let y = 0; y < height * SCALE; y++)
      for (let x = 0; x < width * SCALE; x++) {
        const value = data.pixels[
          image * data.rowLength + Math.floor(y / SCALE) * width + Math.floor(x / SCALE)
        ] as number;
        png.data.set([value, value, value, 255], ((top + y) * png.width + left + x) * 4);
      }
  }
  return PNG.sync.write(png, { colorType: 0 });
}

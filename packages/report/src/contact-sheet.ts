/** A picture of many images side by side. */
import type { ImageDataset } from '@anke/data';
import { PNG } from 'pngjs';

const GAP = 4;
/** Images of fewer pixels a side are doubled. */
const SMALL = 64;
const BACKGROUND = 40;

/** The first images, `columns` in a row, small ones doubled in size, as PNG: in colour if they have three channels. */
export function contactSheet(data: ImageDataset, columns = 20, rows = 15): Uint8Array {
  const [height, width, channels] = data.shape;
  const scale = Math.max(height, width) < SMALL ? 2 : 1;
  const shown = Math.min(data.count, columns * rows);
  const cell = { width: width * scale + GAP, height: height * scale + GAP };
  const png = new PNG({
    width: Math.min(columns, shown) * cell.width + GAP,
    height: Math.ceil(shown / columns) * cell.height + GAP,
  });
  for (let i = 0; i < png.data.length; i += 4) png.data.set([BACKGROUND, BACKGROUND, BACKGROUND, 255], i);
  for (let image = 0; image < shown; image++) {
    const left = (image % columns) * cell.width + GAP;
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

/** Pictures, decoded by the browser. */
import { DataError, type DecodePicture } from '@anke/data';

const MOST_SIDE = 8192;

export const decodePicture: DecodePicture = async (source, bytes, imageShape) => {
  const [rows, columns, asked] = imageShape ?? [];
  if (![undefined, 1, 3].includes(asked))
    throw new DataError(`${source}: a picture has 1 channel (grey) or 3 (RGB), not ${asked}`);
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>])).catch((error: Error) => {
    throw new DataError(`${source}: this picture cannot be read (${error.message})`);
  });
  const [height, width] = [rows ?? bitmap.height, columns ?? bitmap.width];
  if (Math.max(height, width) > MOST_SIDE)
    throw new DataError(`${source}: this picture is larger than a page should hold`);
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new DataError(`${source}: this browser cannot draw pictures here`);
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const channels = asked ?? (isGrey(data) ? 1 : 3);
  const pixels = new Uint8Array(height * width * channels);
  for (let i = 0; i < height * width; i++) {
    const [red, green, blue] = [data[4 * i] as number, data[4 * i + 1] as number, data[4 * i + 2] as number];
    // The luma of sRGB's primaries, ITU-R BT.709.
    if (channels === 1) pixels[i] = Math.round(0.2126 * red + 0.7152 * green + 0.0722 * blue);
    else pixels.set([red, green, blue], 3 * i);
  }
  return { shape: [height, width, channels], pixels };
};

const isGrey = (data: Uint8ClampedArray): boolean => {
  for (let i = 0; i < data.length; i += 4) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  return true;
};

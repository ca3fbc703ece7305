/** Pictures, decoded by the browser. */
import { DataError, type DecodePicture } from '@anke/data';

const MOST_SIDE = 8192;
/** The first byte of a PNG. */
const PNG = 0x89;
/** JPEG's markers among those of frames that begin none: DHT, JPG, DAC. */
const NO_FRAMES: readonly number[] = [0xc4, 0xc8, 0xcc];

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
  const channels = asked ?? (saysGrey(bytes) ? 1 : 3);
  const pixels = new Uint8Array(height * width * channels);
  for (let i = 0; i < height * width; i++) {
    const [red, green, blue] = [data[4 * i] as number, data[4 * i + 1] as number, data[4 * i + 2] as number];
    // The luma of sRGB's primaries, ITU-R BT.709.
    if (channels === 1) pixels[i] = Math.round(0.2126 * red + 0.7152 * green + 0.0722 * blue);
    else pixels.set([red, green, blue], 3 * i);
  }
  return { shape: [height, width, channels], pixels };
};

/** Whether the file's header says grey: PNG's colour types 0 and 4, or a JPEG's frame of one component. */
function saysGrey(bytes: Uint8Array): boolean {
  if (bytes[0] === PNG) return bytes[25] === 0 || bytes[25] === 4;
  for (let at = 2; at + 9 < bytes.length; ) {
    const marker = bytes[at + 1] as number;
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.includes(marker)) return bytes[at + 9] === 1;
    at += 2 + 256 * (bytes[at + 2] as number) + (bytes[at + 3] as number);
  }
  return false;
}

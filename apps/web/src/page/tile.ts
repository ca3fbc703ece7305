/** Small images on canvases: pictures as they are, and numbers as shades of two colours around zero. */
import type { Picture } from '../protocol.js';

function draw(height: number, width: number, colour: (at: number, out: Uint8ClampedArray) => void): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const image = context.createImageData(width, height);
  for (let i = 0; i < height * width; i++) colour(i, image.data.subarray(4 * i, 4 * i + 4) as Uint8ClampedArray);
  context.putImageData(image, 0, 0);
  return canvas;
}

export const pictureTile = ({ pixels, height, width, channels }: Picture): HTMLCanvasElement =>
  draw(height, width, (at, out) => {
    for (let k = 0; k < 3; k++) out[k] = pixels[at * channels + (channels === 3 ? k : 0)] as number;
    out[3] = 255;
  });

const POSITIVE = [224, 123, 32];
const NEGATIVE = [47, 127, 196];

/** Orange above zero and blue below, the stronger the farther from it. */
export const signedTile = (
  values: ArrayLike<number>,
  [height, width]: readonly [number, number],
  most: number,
): HTMLCanvasElement =>
  draw(height, width, (at, out) => {
    const value = (values[at] as number) / (most || 1);
    const colour = value < 0 ? NEGATIVE : POSITIVE;
    for (let k = 0; k < 3; k++) out[k] = colour[k] as number;
    out[3] = 255 * Math.min(1, Math.abs(value));
  });

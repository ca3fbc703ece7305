/** Small pictures in a report: images and kernels of a convolution as PNG, and PNG as HTML. */
import type { ImageDataset } from '@anke/data';
import { PNG } from 'pngjs';
import { html } from './html.js';

/** Pixels (height, width, channels) as grey or RGB PNG. */
export function imagePng([height, width, channels]: ImageDataset['shape'], pixels: ArrayLike<number>): Uint8Array {
  const png = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) {
    const at = (channel: number): number => pixels[i * channels + (channels === 3 ? channel : 0)] as number;
    png.data.set([at(0), at(1), at(2), 255], 4 * i);
  }
  return PNG.sync.write(png);
}

const [LIGHT, ORANGE, BLUE] = [245, [222, 110, 20], [25, 95, 170]];

/** Values (height, width) in −1 … 1 as PNG: blue is negative, orange positive. */
export function kernelPng(height: number, width: number, values: ArrayLike<number>): Uint8Array {
  const png = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) {
    const value = values[i] as number;
    const color = (value > 0 ? ORANGE : BLUE) as readonly number[];
    png.data.set([...color.map((part) => Math.round(LIGHT + (part - LIGHT) * Math.abs(value))), 255], 4 * i);
  }
  return PNG.sync.write(png);
}

/** A picture as an address that holds it. */
export const dataUri = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString('base64')}`;

/** A picture of few pixels in another size, sharp. */
export const picture = (png: Uint8Array, width: number, height: number, alt: string): string =>
  `<img class="pixels" src="${dataUri(png)}" width="${width}" height="${height}" alt="${html(alt)}">`;

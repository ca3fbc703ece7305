/** Small pictures in a report: images and kernels of a convolution as PNG. */
import type { ImageDataset } from '@anke/data';
import { PNG } from 'pngjs';

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

/**
 * What the kernels that resize NHWC images share. The centre of output pixel o lies at (o + ½)·in/out − ½ of the input, as in
 * TensorFlow, Keras and PyTorch (`align_corners=False`), without antialiasing. Coordinates are computed with integers, so that
 * each device finds the same neighbours.
 */
import { constants, flatRow } from '../runtime/wgsl.js';

export interface ResizeParams {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

export const resizeInputs = (p: ResizeParams): number => p.batch * p.height * p.width * p.channels;
export const resizeOutputs = (p: ResizeParams): number => p.batch * p.outHeight * p.outWidth * p.channels;

/** The sizes as WGSL constants, for that many threads. */
export const resizeConstants = (p: ResizeParams, threads: number): string =>
  constants({
    HEIGHT: p.height,
    WIDTH: p.width,
    CHANNELS: p.channels,
    OUT_H: p.outHeight,
    OUT_W: p.outWidth,
    THREADS: threads,
    ROW: flatRow(threads),
  });

/**
 * WGSL of the outputs that may lie within a pixel's distance of an input: those o with |(o + ½)·in/out − ½ − i| ≤ 1, and at
 * the edges all beyond. Some at the ends have no share in the input; whoever asks looks at each one's share.
 */
export const OUTPUT_RANGE_WGSL = `
fn firstOutput(input: u32, size: u32, outSize: u32) -> u32 {
  if (input == 0u) { return 0u; }
  return u32(max(i32(outSize * (2u * input - 1u)) - i32(size), 0)) / (2u * size);
}

fn endOutput(input: u32, size: u32, outSize: u32) -> u32 {
  if (input == size - 1u) { return outSize; }
  return min(outSize, outSize * (2u * input + 3u) / (2u * size) + 1u);
}`;

/** Index of an element in an image of these sizes. */
export const elementIndex = (p: ResizeParams, n: number, y: number, x: number, c: number): number =>
  ((n * p.height + y) * p.width + x) * p.channels + c;

/** Calls `visit` with each output's index and coordinates. */
export function visitOutputs(
  p: ResizeParams,
  visit: (
    output: number,
    at: { readonly n: number; readonly oy: number; readonly ox: number; readonly c: number },
  ) => void,
): void {
  for (let output = 0; output < resizeOutputs(p); output++) {
    visit(output, {
      c: output % p.channels,
      ox: Math.floor(output / p.channels) % p.outWidth,
      oy: Math.floor(output / (p.channels * p.outWidth)) % p.outHeight,
      n: Math.floor(output / (p.channels * p.outWidth * p.outHeight)),
    });
  }
}

export const resizeCases: readonly ResizeParams[] = [
  { batch: 1, height: 1, width: 1, channels: 1, outHeight: 1, outWidth: 1 },
  { batch: 2, height: 1, width: 3, channels: 3, outHeight: 4, outWidth: 2 },
  { batch: 1, height: 7, width: 5, channels: 65, outHeight: 3, outWidth: 11 },
  { batch: 3, height: 9, width: 33, channels: 2, outHeight: 9, outWidth: 7 },
  { batch: 2, height: 28, width: 28, channels: 1, outHeight: 28, outWidth: 28 },
  { batch: 2, height: 28, width: 28, channels: 1, outHeight: 64, outWidth: 64 },
  { batch: 1, height: 8, width: 8, channels: 16, outHeight: 16, outWidth: 16 },
];

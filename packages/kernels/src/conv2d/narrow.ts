/**
 * What the narrow variants of forward and backward weights share. They are for inputs of few channels, as images have:
 * there a lane-full of neighbouring elements of a row holds several pixels, and the weights of all taps of an output
 * channel fit into a lane's registers.
 */
import type { Traits } from '../runtime/kernel.js';
import { coverage } from '../window/dilation.js';
import type { Conv2dParams } from './geometry.js';
import { isGrouped } from './groups.js';
import { orZero, range, unroll } from './unrolled.js';

/** Weights that a lane holds in registers. */
const MAX_HELD = 36;

export const isNarrow = (p: Conv2dParams, { subgroupSize }: Traits): boolean =>
  !isGrouped(p) &&
  p.inChannels < subgroupSize &&
  p.kernelHeight * p.kernelWidth * p.inChannels <= MAX_HELD &&
  p.batch <= 65535;

/** A tap's row, column and input channel. */
export type Tap = readonly [ky: number, kx: number, ci: number];

export const tapsOf = (p: Conv2dParams): Tap[] =>
  range(p.kernelHeight * p.kernelWidth * p.inChannels).map((t) => [
    Math.floor(t / (p.kernelWidth * p.inChannels)),
    Math.floor(t / p.inChannels) % p.kernelWidth,
    t % p.inChannels,
  ]);

/** Whether some taps lie outside the image. If none does, values that lanes load there are never used. */
const isPadded = (p: Conv2dParams): boolean =>
  p.padTop > 0 ||
  p.padLeft > 0 ||
  (p.outHeight - 1) * p.strideHeight + coverage(p).height > p.height ||
  (p.outWidth - 1) * p.strideWidth + coverage(p).width > p.width;

/**
 * Declares the registers that hold the input under a tile of output pixels `left` … of row `oy` of image `n`: `x_KY_V`
 * for each row of taps and each lane-full v of the row's elements, of which a lane holds one.
 */
export function narrowInput(p: Conv2dParams, lanes: number, tile: number): string {
  const [down] = p.dilation ?? [1, 1];
  const elements = ((tile - 1) * p.strideWidth + coverage(p).width) * p.inChannels;
  const padded = isPadded(p);
  const register = (ky: number, v: number): string => {
    const [row, offset] = [`row_${ky}`, `offset_${ky}_${v}`];
    const inside = [`${row} >= 0`, `${row} < i32(HEIGHT)`, `${offset} >= 0`, `${offset} < i32(WIDTH * IN)`];
    const value = orZero(padded ? inside : [], `f32(x[(n * HEIGHT + u32(${row})) * WIDTH * IN + u32(${offset})])`);
    return `      let ${offset} = (i32(left * STRIDE_W) - PAD_LEFT) * i32(IN) + i32(${v * lanes}u + lane);
      let x_${ky}_${v} = ${value};`;
  };
  const row = (ky: number): string => `      let row_${ky} = i32(oy * STRIDE_H + ${ky * down}u) - PAD_TOP;
${unroll(range(Math.ceil(elements / lanes)), (v) => register(ky, v))}`;
  return unroll(range(p.kernelHeight), row);
}

/** The value in {@link narrowInput} under a tap of a tile's pixel `i`. */
export function narrowFactor(p: Conv2dParams, lanes: number, i: number, [ky, kx, ci]: Tap): string {
  const [, across] = p.dilation ?? [1, 1];
  const element = (i * p.strideWidth + kx * across) * p.inChannels + ci;
  return `subgroupBroadcast(x_${ky}_${Math.floor(element / lanes)}, ${element % lanes}u)`;
}

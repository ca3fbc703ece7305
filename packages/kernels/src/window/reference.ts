/**
 * What the CPU references of convolution and depthwise convolution share: the walk over all taps, and the sums that a
 * product and its gradients are. In plain loops, in float64.
 */
import type { DilatedKernel } from './dilation.js';
import type { WindowParams } from './geometry.js';
import type { WeightGradientOptions } from './join-weights.js';

export interface KernelParams extends WindowParams, DilatedKernel {
  readonly batch: number;
}

/**
 * Calls `visit` for each output pixel (n, oy, ox) and each tap (ky, kx) under which a pixel of the image lies: that is
 * (n, oy·sh + ky·dh − top, ox·sw + kx·dw − left). All three are given as the index among the pixels or taps.
 */
export function visitTaps(p: KernelParams, visit: (output: number, input: number, tap: number) => void): void {
  const [down, across] = p.dilation ?? [1, 1];
  for (let n = 0; n < p.batch; n++)
    for (let oy = 0; oy < p.outHeight; oy++)
      for (let ox = 0; ox < p.outWidth; ox++)
        for (let ky = 0; ky < p.kernelHeight; ky++) {
          const iy = oy * p.strideHeight + ky * down - p.padTop;
          if (iy < 0 || iy >= p.height) continue;
          for (let kx = 0; kx < p.kernelWidth; kx++) {
            const ix = ox * p.strideWidth + kx * across - p.padLeft;
            if (ix < 0 || ix >= p.width) continue;
            const output = (n * p.outHeight + oy) * p.outWidth + ox;
            visit(output, (n * p.height + iy) * p.width + ix, ky * p.kernelWidth + kx);
          }
        }
}

/** Takes the indices of one product x · w, which is a term of y. */
export type VisitProduct = (y: number, x: number, w: number) => void;

/** What a product is: its terms y += x · w, and the lengths of its arrays. */
export interface ProductTerms<P> {
  /** Calls `visit` once for each term. */
  readonly visit: (p: P, visit: VisitProduct) => void;
  readonly inputSize: (p: P) => number;
  readonly kernelSize: (p: P) => number;
  readonly outputSize: (p: P) => number;
}

/** A product and its gradients: each term y += x · w sends dY · w back to its input, and dY · x to its weight. */
export function productReference<P>({ visit, inputSize, kernelSize, outputSize }: ProductTerms<P>) {
  return {
    forward(p: P, x: Float64Array, w: Float64Array): Float64Array {
      const y = new Float64Array(outputSize(p));
      visit(p, (iy, ix, iw) => {
        y[iy] = (y[iy] as number) + (x[ix] as number) * (w[iw] as number);
      });
      return y;
    },
    inputGradient(p: P, dY: Float64Array, w: Float64Array): Float64Array {
      const dX = new Float64Array(inputSize(p));
      visit(p, (iy, ix, iw) => {
        dX[ix] = (dX[ix] as number) + (dY[iy] as number) * (w[iw] as number);
      });
      return dX;
    },
    kernelGradient(p: P, x: Float64Array, dY: Float64Array): Float64Array {
      const dW = new Float64Array(kernelSize(p));
      visit(p, (iy, ix, iw) => {
        dW[iw] = (dW[iw] as number) + (dY[iy] as number) * (x[ix] as number);
      });
      return dW;
    },
  };
}

/** The gradient of weights, from its sums: with the decay, if there is one. */
export const decayedReference = (
  { decay }: WeightGradientOptions,
  sums: Float64Array,
  w: Float64Array,
): Float64Array => (decay === 0 ? sums : sums.map((sum, i) => sum + decay * (w[i] as number)));

/** The gradient of a bias: dY summed over all axes but the last, which has `channels` elements. */
export function channelSums(dY: Float64Array, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  dY.forEach((value, i) => {
    sums[i % channels] = (sums[i % channels] as number) + value;
  });
  return sums;
}

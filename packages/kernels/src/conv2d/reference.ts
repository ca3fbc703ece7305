/** Convolution and its gradients in plain loops, in float64. NHWC images, (kh, kw, in, out) kernels. */
import { type Conv2dParams, inputSize, kernelSize, outputSize } from './geometry.js';

/**
 * Calls `visit` once for each product of the convolution: output y, input x and weight w, as indices, for which
 * y[n, oy, ox, co] += x[n, oy·sh + ky − top, ox·sw + kx − left, ci] · w[ky, kx, ci, co].
 */
function products(p: Conv2dParams, visit: (y: number, x: number, w: number) => void): void {
  for (let n = 0; n < p.batch; n++)
    for (let oy = 0; oy < p.outHeight; oy++)
      for (let ox = 0; ox < p.outWidth; ox++)
        for (let ky = 0; ky < p.kernelHeight; ky++) {
          const iy = oy * p.strideHeight + ky - p.padTop;
          if (iy < 0 || iy >= p.height) continue;
          for (let kx = 0; kx < p.kernelWidth; kx++) {
            const ix = ox * p.strideWidth + kx - p.padLeft;
            if (ix < 0 || ix >= p.width) continue;
            for (let ci = 0; ci < p.inChannels; ci++) {
              const x = ((n * p.height + iy) * p.width + ix) * p.inChannels + ci;
              const w = ((ky * p.kernelWidth + kx) * p.inChannels + ci) * p.outChannels;
              const y = ((n * p.outHeight + oy) * p.outWidth + ox) * p.outChannels;
              for (let co = 0; co < p.outChannels; co++) visit(y + co, x, w + co);
            }
          }
        }
}

/** x ∗ w. */
export function convolve(p: Conv2dParams, x: Float64Array, w: Float64Array): Float64Array {
  const y = new Float64Array(outputSize(p));
  products(p, (iy, ix, iw) => {
    y[iy] = (y[iy] as number) + (x[ix] as number) * (w[iw] as number);
  });
  return y;
}

/** dX: each product sends dY·w back to its input. */
export function inputGradient(p: Conv2dParams, dY: Float64Array, w: Float64Array): Float64Array {
  const dX = new Float64Array(inputSize(p));
  products(p, (iy, ix, iw) => {
    dX[ix] = (dX[ix] as number) + (dY[iy] as number) * (w[iw] as number);
  });
  return dX;
}

/** dW: each product sends dY·x back to its weight. */
export function kernelGradient(p: Conv2dParams, x: Float64Array, dY: Float64Array): Float64Array {
  const dW = new Float64Array(kernelSize(p));
  products(p, (iy, ix, iw) => {
    dW[iw] = (dW[iw] as number) + (dY[iy] as number) * (x[ix] as number);
  });
  return dW;
}

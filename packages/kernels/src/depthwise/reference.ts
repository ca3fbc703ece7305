/** Depthwise convolution and its gradients in plain loops, in float64. NHWC images, (kh, kw, c, multiplier) kernels. */
import { type DepthwiseParams, inputSize, kernelSize, outChannels, outputSize } from './geometry.js';

/**
 * Calls `visit` once for each product of the convolution: output y, input x and weight w, as indices, for which
 * y[n, oy, ox, ci·multiplier + m] += x[n, oy·sh + ky − top, ox·sw + kx − left, ci] · w[ky, kx, ci, m].
 */
function products(p: DepthwiseParams, visit: (y: number, x: number, w: number) => void): void {
  const out = outChannels(p);
  for (let n = 0; n < p.batch; n++)
    for (let oy = 0; oy < p.outHeight; oy++)
      for (let ox = 0; ox < p.outWidth; ox++)
        for (let ky = 0; ky < p.kernelHeight; ky++) {
          const iy = oy * p.strideHeight + ky - p.padTop;
          if (iy < 0 || iy >= p.height) continue;
          for (let kx = 0; kx < p.kernelWidth; kx++) {
            const ix = ox * p.strideWidth + kx - p.padLeft;
            if (ix < 0 || ix >= p.width) continue;
            const x = ((n * p.height + iy) * p.width + ix) * p.channels;
            const w = (ky * p.kernelWidth + kx) * out;
            const y = ((n * p.outHeight + oy) * p.outWidth + ox) * out;
            for (let ci = 0; ci < p.channels; ci++)
              for (let m = 0; m < p.multiplier; m++) {
                const co = ci * p.multiplier + m;
                visit(y + co, x + ci, w + co);
              }
          }
        }
}

/** y, without a bias. */
export function depthwiseConvolve(p: DepthwiseParams, x: Float64Array, w: Float64Array): Float64Array {
  const y = new Float64Array(outputSize(p));
  products(p, (iy, ix, iw) => {
    y[iy] = (y[iy] as number) + (x[ix] as number) * (w[iw] as number);
  });
  return y;
}

/** dX: each product sends dY·w back to its input. */
export function depthwiseInputGradient(p: DepthwiseParams, dY: Float64Array, w: Float64Array): Float64Array {
  const dX = new Float64Array(inputSize(p));
  products(p, (iy, ix, iw) => {
    dX[ix] = (dX[ix] as number) + (dY[iy] as number) * (w[iw] as number);
  });
  return dX;
}

/** dW: each product sends dY·x back to its weight. */
export function depthwiseKernelGradient(p: DepthwiseParams, x: Float64Array, dY: Float64Array): Float64Array {
  const dW = new Float64Array(kernelSize(p));
  products(p, (iy, ix, iw) => {
    dW[iw] = (dW[iw] as number) + (dY[iy] as number) * (x[ix] as number);
  });
  return dW;
}

/** Depthwise convolution and its gradients in plain loops, in float64. NHWC images, (kh, kw, c, multiplier) kernels. */
import { productReference, type VisitProduct, visitTaps } from '../window/reference.js';
import { type DepthwiseParams, inputSize, kernelSize, outChannels, outputSize } from './geometry.js';

/**
 * The terms y[n, oy, ox, ci·multiplier + m] += x[n, oy·sh + ky·dh − top, ox·sw + kx·dw − left, ci] · w[ky, kx, ci, m].
 */
function visit(p: DepthwiseParams, product: VisitProduct): void {
  const out = outChannels(p);
  visitTaps(p, (output, input, tap) => {
    for (let co = 0; co < out; co++) {
      product(output * out + co, input * p.channels + Math.floor(co / p.multiplier), tap * out + co);
    }
  });
}

export const depthwiseReference = productReference<DepthwiseParams>({ visit, inputSize, kernelSize, outputSize });

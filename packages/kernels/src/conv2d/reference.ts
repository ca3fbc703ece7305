/** Convolution and its gradients in plain loops, in float64. NHWC images, (kh, kw, in, out) kernels. */
import { productReference, type VisitProduct, visitTaps } from '../window/reference.js';
import { type Conv2dParams, inputSize, kernelSize, outputSize } from './geometry.js';

/** The terms y[n, oy, ox, co] += x[n, oy·sh + ky − top, ox·sw + kx − left, ci] · w[ky, kx, ci, co]. */
function visit(p: Conv2dParams, product: VisitProduct): void {
  visitTaps(p, (output, input, tap) => {
    for (let ci = 0; ci < p.inChannels; ci++) {
      const x = input * p.inChannels + ci;
      const y = output * p.outChannels;
      const w = (tap * p.inChannels + ci) * p.outChannels;
      for (let co = 0; co < p.outChannels; co++) product(y + co, x, w + co);
    }
  });
}

export const conv2dReference = productReference<Conv2dParams>({ visit, inputSize, kernelSize, outputSize });

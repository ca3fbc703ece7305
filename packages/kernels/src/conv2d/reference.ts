/**
 * Convolution and its gradients in plain loops, in float64. NHWC images, (kh, kw, in / groups, out) kernels.
 */
import { productReference, type VisitProduct, visitTaps } from '../window/reference.js';
import { type Conv2dParams, inputSize, kernelSize, outputSize } from './geometry.js';
import { groupInputs, groupOutputs } from './groups.js';

/**
 * The terms y[n, oy, ox, co] += x[n, oy·sh + ky·dh − top, ox·sw + kx·dw − left, g · in / groups + ci] · w[ky, kx, ci,
 * co], where g is the group of co.
 */
function visit(p: Conv2dParams, product: VisitProduct): void {
  const [inputs, outputs] = [groupInputs(p), groupOutputs(p)];
  visitTaps(p, (output, input, tap) => {
    for (let channel = 0; channel < p.inChannels; channel++) {
      const [group, ci] = [Math.floor(channel / inputs), channel % inputs];
      const x = input * p.inChannels + channel;
      const y = output * p.outChannels;
      const w = (tap * inputs + ci) * p.outChannels;
      for (let co = group * outputs; co < (group + 1) * outputs; co++) product(y + co, x, w + co);
    }
  });
}

export const conv2dReference = productReference<Conv2dParams>({ visit, inputSize, kernelSize, outputSize });

/**
 * If these failed, a kernel of batch normalization would differ from its reference, in some variant, size or storage
 * type.
 */
import type { Arrays } from '../runtime/kernel.js';
import { absolute } from '../testing/bounds.js';
import { checkKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { batchNormBackward, batchNormGradients, batchNormInferenceBackward } from './backward.js';
import { batchNormNormalize, batchNormStatistics } from './forward.js';
import { batchNormPoolBackward, batchNormPoolGradients } from './pool-backward.js';
import { batchNormPool } from './pool-forward.js';

const gpu = useGpu();

/** Inputs whose terms all add up: x − mean becomes |x| + |mean|. */
const addedUp = <A extends Arrays<'mean'>>(inputs: A): A => {
  const positive = absolute(inputs);
  return { ...positive, mean: positive.mean.map((value) => -value) };
};

/** The same for dY − (share + (x − center) · slope): all but the factor become negative. */
const coefficientsAddedUp = <A extends Arrays<'coefficients'>>(inputs: A, channels: number): A => {
  const positive = absolute(inputs);
  const sign = (i: number): number => (Math.floor(i / channels) === 1 ? 1 : -1);
  return { ...positive, coefficients: positive.coefficients.map((value, i) => sign(i) * value) };
};

checkKernel(gpu, batchNormStatistics, { f16: ['x'] });
checkKernel(gpu, batchNormNormalize, {
  f16: ['x', 'y'],
  magnitudes: ({ rows, channels, epsilon }, inputs) =>
    batchNormNormalize.reference({ rows, channels, epsilon }, addedUp(inputs)),
});
checkKernel(gpu, batchNormGradients, {
  f16: ['x'],
  magnitudes: (p, inputs) => batchNormGradients.reference(p, addedUp(inputs)),
});
checkKernel(gpu, batchNormBackward, {
  f16: ['x'],
  magnitudes: ({ rows, channels, mask }, inputs) => {
    const { dX } = batchNormBackward.reference({ rows, channels }, coefficientsAddedUp(inputs, channels));
    return dX ? { dX: dX.map((value) => value * (mask?.keep ?? 1)) } : {};
  },
});
checkKernel(gpu, batchNormInferenceBackward, {
  magnitudes: (p, inputs) => batchNormInferenceBackward.reference(p, absolute(inputs)),
});
checkKernel(gpu, batchNormPool, { f16: ['x', 'y'] });
checkKernel(gpu, batchNormPoolGradients, {
  f16: ['x'],
  magnitudes: (p, inputs) => batchNormPoolGradients.reference(p, addedUp(inputs)),
});
checkKernel(gpu, batchNormPoolBackward, {
  f16: ['x'],
  magnitudes: ({ mask, ...pool }, inputs) => {
    const { dX } = batchNormPoolBackward.reference(pool, coefficientsAddedUp(inputs, pool.channels));
    return dX ? { dX: dX.map((value) => value * (mask?.keep ?? 1)) } : {};
  },
});

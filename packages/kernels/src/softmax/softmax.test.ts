/** If these failed, softmax, cross-entropy or one of their gradients would differ from the reference. */
import { test } from 'vitest';
import { ownSize } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { crossEntropy, softmax as reference } from './reference.js';
import { softmax, softmaxBackward, softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmax.js';

const gpu = useGpu();
checkKernel(gpu, softmax, { f16: ['logits', 'y'], magnitudes: ownSize(softmax) });
checkKernel(gpu, softmaxBackward, { f16: ['y'] });
checkKernel(gpu, softmaxCrossEntropy);
checkKernel(gpu, softmaxCrossEntropyBackward);

const params = { rows: 4, classes: 5 };
const logits = distinct(20, 7);

test('the gradient of softmax', async () => {
  const dY = distinct(20, 8);
  const { dLogits } = await runKernel(gpu(), softmaxBackward, params, { y: reference(logits, 5), dY });
  const expected = differences(logits, dY, (moved) => reference(moved, 5));
  checkGradient('dLogits', dLogits, expected, softmaxBackward.terms(params));
});

test('the gradient of softmax and cross-entropy', async () => {
  const labels = Float64Array.of(0, 4, 2, 2);
  const share = 1 / params.rows;
  const { dLogits } = await runKernel(gpu(), softmaxCrossEntropyBackward, { ...params, share }, { logits, labels });
  const expected = differences(logits, new Float64Array(params.rows).fill(share), (moved) =>
    crossEntropy(moved, labels, 5),
  );
  checkGradient('dLogits', dLogits, expected, softmaxCrossEntropyBackward.terms({ ...params, share }));
});

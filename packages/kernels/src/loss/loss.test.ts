/**
 * If these failed, the loss that a step reports would differ from its reference, or from the gradient that it trains
 * by.
 */
import { test } from 'vitest';
import { absoluteTerms } from '../testing/bounds.js';
import { checkKernel, runKernel } from '../testing/check.js';
import { useGpu } from '../testing/device.js';
import { checkGradient, differences, distinct } from '../testing/differences.js';
import { addPenalties } from './add-penalties.js';
import { crossEntropyStep } from './cross-entropy-step.js';

const gpu = useGpu();
checkKernel(gpu, addPenalties, { magnitudes: absoluteTerms(addPenalties) });
checkKernel(gpu, crossEntropyStep);

test('the gradient of a step’s loss', async () => {
  const params = { rows: 4, classes: 5, penalties: 2, gradient: true, totals: false, advance: false };
  const logits = distinct(20, 7);
  const labels = Float64Array.of(0, 4, 2, 2);
  const penalties = Float64Array.of(0.5, 0.25);
  const { dLogits } = await runKernel(gpu(), crossEntropyStep, params, { logits, labels, penalties });
  const empty = new Float64Array();
  const others = { labels, penalties, loss: empty, dLogits: empty, totals: empty, counters: empty, corrections: empty };
  const forward = (moved: Float64Array): Float64Array =>
    crossEntropyStep.reference(params, { ...others, logits: moved }).loss as Float64Array;
  const expected = differences(logits, Float64Array.of(1), forward);
  checkGradient('dLogits', dLogits, expected, crossEntropyStep.terms(params));
});

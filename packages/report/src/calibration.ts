/**
 * Whether a classifier's probabilities mean what they say: of all predictions made with 80%, four of five should be
 * right. Guo et al., «On Calibration of Modern Neural Networks», arXiv:1706.04599, section 2:
 *
 *   ECE = Σ_bins (images of the bin / images) · | accuracy of the bin − mean confidence of the bin |
 *
 * The confidence of a prediction is its largest probability; bins are of equal width, (i / 15, (i + 1) / 15].
 */
import { mostLikely } from './predictions.js';

export interface CalibrationBin {
  /** Confidences above `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
  readonly images: number;
  /** Mean confidence and share that is right; NaN if there are no images. */
  readonly confidence: number;
  readonly accuracy: number;
}

export interface Calibration {
  /** Expected calibration error, 0 … 1. */
  readonly error: number;
  readonly bins: readonly CalibrationBin[];
}

const BINS = 15;

/** @param probabilities (images, classes) */
export function calibrationOf(probabilities: Float32Array, labels: ArrayLike<number>, classes: number): Calibration {
  const sums = Array.from({ length: BINS }, () => ({ images: 0, confidence: 0, right: 0 }));
  mostLikely(probabilities, classes).forEach((predicted, row) => {
    const confidence = probabilities[row * classes + predicted] as number;
    const bin = sums[Math.min(Math.max(Math.ceil(confidence * BINS) - 1, 0), BINS - 1)] as (typeof sums)[number];
    bin.images++;
    bin.confidence += confidence;
    if (predicted === labels[row]) bin.right++;
  });
  const bins = sums.map(({ images, confidence, right }, i) => ({
    from: i / BINS,
    to: (i + 1) / BINS,
    images,
    confidence: confidence / images,
    accuracy: right / images,
  }));
  const gaps = sums.reduce((sum, { confidence, right }) => sum + Math.abs(right - confidence), 0);
  return { error: gaps / labels.length, bins };
}

/** Below this a probability counts as this, as Keras has it: a single 0 would make the loss infinite. */
const LEAST = 1e-7;

/** Mean of −log p(label), for probabilities (images, classes): what cross-entropy is without penalties. */
export function logLossOf(probabilities: Float32Array, labels: ArrayLike<number>, classes: number): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row++)
    sum -= Math.log(Math.max(LEAST, probabilities[row * classes + (labels[row] as number)] as number));
  return sum / labels.length;
}

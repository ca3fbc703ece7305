/** Softmax and cross-entropy over the last axis of a (rows, classes) array, in plain loops, in float64. */

export function softmax(logits: Float64Array, classes: number): Float64Array {
  const probabilities = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const largest = row.reduce((a, b) => Math.max(a, b));
    const exponentials = row.map((logit) => Math.exp(logit - largest));
    const total = exponentials.reduce((a, b) => a + b);
    probabilities.set(
      exponentials.map((value) => value / total),
      start,
    );
  }
  return probabilities;
}

/** −log softmax(logits)[label] of each row. */
export function crossEntropy(logits: Float64Array, labels: ArrayLike<number>, classes: number): Float64Array {
  return Float64Array.from({ length: labels.length }, (_, row) => {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    const largest = values.reduce((a, b) => Math.max(a, b));
    const total = values.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
    return Math.log(total) + largest - (values[labels[row] as number] as number);
  });
}

export interface SoftmaxMagnitudes {
  readonly probabilities: Float64Array;
  /** Σ_k exp(z_k − m) of each row, relative to its own size. */
  readonly totals: Float64Array;
  /** m − z, for each logit. */
  readonly distances: Float64Array;
}

/**
 * How often what softmax computes is rounded, relative to its size and to a sum of as many terms as there are classes.
 * WGSL allows exp(−x) an error of 3 + 2x units in the last place, and x itself is rounded: so a power counts 1 + x
 * times.
 */
export function softmaxMagnitudes(logits: Float64Array, classes: number): SoftmaxMagnitudes {
  const rows = logits.length / classes;
  const probabilities = softmax(logits, classes);
  const totals = new Float64Array(rows);
  const distances = new Float64Array(logits.length);
  for (let row = 0; row < rows; row++) {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    const largest = values.reduce((a, b) => Math.max(a, b));
    values.forEach((logit, j) => {
      const i = row * classes + j;
      distances[i] = largest - logit;
      totals[row] = (totals[row] as number) + (probabilities[i] as number) * (1 + largest - logit);
    });
  }
  const magnitudes = probabilities.map(
    (p, i) => p * (1 + (distances[i] as number) + (totals[Math.floor(i / classes)] as number)),
  );
  return { probabilities: magnitudes, totals, distances };
}

/** Sums of the absolute terms of {@link crossEntropy}. WGSL's log may be off by 2⁻²¹, which is 4 units, near 1. */
export function crossEntropyMagnitudes(logits: Float64Array, labels: ArrayLike<number>, classes: number): Float64Array {
  const { totals, distances } = softmaxMagnitudes(logits, classes);
  return totals.map((total, row) => {
    const powers = distances.subarray(row * classes, (row + 1) * classes);
    const sum = powers.reduce((all, distance) => all + Math.exp(-distance), 0);
    return total + 1 + Math.log(sum) + (powers[labels[row] as number] as number);
  });
}

/** Sums of the absolute terms of (softmax(logits) − one-hot) · share. */
export function crossEntropyGradientMagnitudes(
  logits: Float64Array,
  labels: ArrayLike<number>,
  { classes, share }: { readonly classes: number; readonly share: number },
): Float64Array {
  return softmaxMagnitudes(logits, classes).probabilities.map(
    (p, i) => (p + (i % classes === labels[Math.floor(i / classes)] ? 1 : 0)) * share,
  );
}

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

/** Rows of targets, one for each row of logits: how much of each class is right. */
export interface Targets {
  readonly values: Float64Array;
  /** Each row's factor in the loss; 1 if absent. */
  readonly weights?: ArrayLike<number> | undefined;
}

/** t ← t · (1 − smoothing) + smoothing / classes: a share of each target is spread over all classes. */
export const smoothed = (targets: Float64Array, classes: number, smoothing = 0): Float64Array =>
  targets.map((target) => target * (1 - smoothing) + smoothing / classes);

/** Class numbers as rows of targets. */
export function oneHot(labels: ArrayLike<number>, classes: number): Float64Array {
  const targets = new Float64Array(labels.length * classes);
  for (let row = 0; row < labels.length; row++) targets[row * classes + (labels[row] as number)] = 1;
  return targets;
}

/** −w · Σ_j t_j · log softmax(logits)_j of each row. */
export function crossEntropy(logits: Float64Array, { values, weights }: Targets, classes: number): Float64Array {
  return Float64Array.from({ length: logits.length / classes }, (_, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    const largest = scores.reduce((a, b) => Math.max(a, b));
    const total = scores.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
    const loss = scores.reduce((sum, logit, j) => {
      const target = values[row * classes + j] as number;
      return target === 0 ? sum : sum + target * (Math.log(total) + (largest - logit));
    }, 0);
    return loss * (weights?.[row] ?? 1);
  });
}

/** (softmax(logits)_j · Σ_k t_k − t_j) · w · share */
export function crossEntropyGradient(
  logits: Float64Array,
  { values, weights }: Targets,
  { classes, share }: { readonly classes: number; readonly share: number },
): Float64Array {
  const sums = rowSums(values, classes);
  return softmax(logits, classes).map((p, i) => {
    const row = Math.floor(i / classes);
    return (p * (sums[row] as number) - (values[i] as number)) * share * (weights?.[row] ?? 1);
  });
}

const rowSums = (values: Float64Array, classes: number): Float64Array =>
  Float64Array.from({ length: values.length / classes }, (_, row) =>
    values.subarray(row * classes, (row + 1) * classes).reduce((sum, value) => sum + value, 0),
  );

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
export function crossEntropyMagnitudes(
  logits: Float64Array,
  { values, weights }: Targets,
  classes: number,
): Float64Array {
  const { totals, distances } = softmaxMagnitudes(logits, classes);
  const sums = rowSums(values.map(Math.abs), classes);
  return totals.map((total, row) => {
    const powers = distances.subarray(row * classes, (row + 1) * classes);
    const sum = powers.reduce((all, distance) => all + Math.exp(-distance), 0);
    const far = powers.reduce((all, distance, j) => all + Math.abs(values[row * classes + j] as number) * distance, 0);
    return ((total + 1 + Math.log(sum)) * (sums[row] as number) + far) * Math.abs(weights?.[row] ?? 1);
  });
}

/** Sums of the absolute terms of {@link crossEntropyGradient}. */
export function crossEntropyGradientMagnitudes(
  logits: Float64Array,
  { values, weights }: Targets,
  { classes, share }: { readonly classes: number; readonly share: number },
): Float64Array {
  const sums = rowSums(values.map(Math.abs), classes);
  return softmaxMagnitudes(logits, classes).probabilities.map((p, i) => {
    const row = Math.floor(i / classes);
    const size = p * (sums[row] as number) + Math.abs(values[i] as number);
    return size * share * Math.abs(weights?.[row] ?? 1);
  });
}

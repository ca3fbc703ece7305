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

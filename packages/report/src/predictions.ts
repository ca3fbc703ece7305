/** From probabilities to classes, and how many of them are right. */

/** The most likely class of each row of (samples, classes) probabilities; of equals, the first. */
export function mostLikely(probabilities: Float32Array, classes: number): Uint32Array {
  return Uint32Array.from({ length: probabilities.length / classes }, (_, row) => {
    let best = row * classes;
    for (let i = best + 1; i < (row + 1) * classes; i++) {
      if ((probabilities[i] as number) > (probabilities[best] as number)) best = i;
    }
    return best - row * classes;
  });
}

/** The share of predictions that are right. */
export function accuracyOf(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) right++;
  return right / labels.length;
}

/** Factors of classes in the loss, as Keras's `class_weight`. */
import { ModelError } from '../errors.js';
import { countOf, type Samples } from './device-data.js';

/** A factor for some classes, by their numbers; those of the others are 1. */
export type ClassWeight = Readonly<Record<number, number>>;

/** @throws ModelError if a key is no class, or a factor is no number that is at least 0 */
export function checkClassWeight(weights: ClassWeight, classes: number): void {
  for (const [key, weight] of Object.entries(weights)) {
    const isClass = /^\d+$/.test(key) && Number(key) < classes;
    if (!isClass) throw new ModelError(`classWeight: ${key} is no class, the model has 0 … ${classes - 1}`);
    if (!(weight >= 0 && Number.isFinite(Math.fround(weight))))
      throw new ModelError(`classWeight: that of class ${key} must be a number that is at least 0, not ${weight}`);
  }
}

/**
 * The factor of each sample: that of its label or, without labels, of the largest of its targets; a single target is
 * rounded to a class.
 */
export function weightsByClass(weights: ClassWeight, samples: Samples): Float32Array {
  const count = countOf(samples);
  const { labels, targets = new Float32Array(count) } = samples;
  const outputs = targets.length / count;
  return Float32Array.from({ length: count }, (_, row) => {
    if (labels) return weights[labels[row] as number] ?? 1;
    const own = targets.subarray(row * outputs, (row + 1) * outputs);
    const largest = own.reduce((best, target, i) => (target > (own[best] as number) ? i : best), 0);
    return weights[outputs === 1 ? Math.round(own[0] as number) : largest] ?? 1;
  });
}

/**
 * Factors by which each class counts alike, however many samples it has: samples / (classes · samples of the class), as
 * scikit-learn's «balanced». A class without samples has none.
 */
export function balancedClassWeight(labels: ArrayLike<number>, classes: number): ClassWeight {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    counts[label] = (counts[label] as number) + 1;
  }
  const present = counts.flatMap((count, label) => (count > 0 ? [[label, count] as const] : []));
  return Object.fromEntries(present.map(([label, count]) => [label, labels.length / (classes * count)]));
}

/** What a trained model gets right and wrong on labelled images. */
import type { ImageDataset } from '@anke/data';
import type { Model } from '@anke/nn';
import { mostLikely } from './predictions.js';

export interface ClassScore {
  readonly name: string;
  readonly images: number;
  /** Of the images that were predicted as this class, the share that are of it; NaN if there were none. */
  readonly precision: number;
  /** Of the images of this class, the share that were predicted as it. */
  readonly recall: number;
}

export interface Mistake {
  readonly row: number;
  readonly label: number;
  readonly predicted: number;
  /** The probability that the model gave to what it predicted, and to the label. */
  readonly confidence: number;
  readonly share: number;
}

export interface EvaluationReport {
  readonly images: number;
  readonly accuracy: number;
  /** Counts by true class, then by predicted class. */
  readonly matrix: readonly (readonly number[])[];
  readonly classes: readonly ClassScore[];
  /** The images whose own class got the least probability, worst first. */
  readonly mistakes: readonly Mistake[];
}

const MOST_MISTAKES = 36;

/** @param probabilities (images, classes) */
export function evaluationOf(data: ImageDataset, probabilities: Float32Array, classes: number): EvaluationReport {
  const labels = data.labels as Uint32Array;
  const predicted = mostLikely(probabilities, classes);
  const matrix = confusionMatrix(labels, predicted, classes);
  const nameOf = (i: number): string => data.classNames?.[i] ?? String(i);
  const right = (i: number): number => matrix[i]?.[i] as number;
  const mistakes = Array.from(predicted, (guess, row): Mistake => {
    const label = labels[row] as number;
    const share = (of: number): number => probabilities[row * classes + of] as number;
    return { row, label, predicted: guess, confidence: share(guess), share: share(label) };
  }).filter(({ label, predicted: guess }) => label !== guess);
  return {
    images: data.count,
    accuracy: 1 - mistakes.length / data.count,
    matrix,
    classes: matrix.map((row, i) => {
      const images = row.reduce((a, b) => a + b, 0);
      return {
        name: nameOf(i),
        images,
        recall: right(i) / images,
        precision: right(i) / matrix.reduce((sum, other) => sum + (other[i] as number), 0),
      };
    }),
    mistakes: mistakes.sort((a, b) => a.share - b.share || a.row - b.row).slice(0, MOST_MISTAKES),
  };
}

/** A class that was taken for another one. */
export interface Confusion {
  readonly label: number;
  readonly predicted: number;
  readonly images: number;
  /** Of the images of the true class. */
  readonly share: number;
}

/** The pairs that are confused, those of the most images first. */
export const confusionsOf = (matrix: readonly (readonly number[])[]): Confusion[] =>
  matrix
    .flatMap((row, label) => {
      const total = row.reduce((a, b) => a + b, 0);
      return row.map((images, predicted) => ({ label, predicted, images, share: images / total }));
    })
    .filter(({ label, predicted, images }) => images > 0 && label !== predicted)
    .sort((a, b) => b.images - a.images || b.share - a.share);

/** Counts by true class, then by predicted class. */
export function confusionMatrix(labels: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const row = matrix[labels[i] as number] as number[];
    const column = predicted[i] as number;
    row[column] = (row[column] as number) + 1;
  }
  return matrix;
}

/**
 * The classes that a model tells apart by the largest of its outputs; undefined where its output is no row of them, but
 * a single number, or an array.
 */
export function classesOf({ outputShape: [outputs = 0, ...others] }: Pick<Model, 'outputShape'>): number | undefined {
  return others.length === 0 && outputs > 1 ? outputs : undefined;
}

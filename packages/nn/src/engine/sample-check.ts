/** Whether samples carry what a loss compares the model's outputs with. */
import { formatShape, type Shape, sizeOf } from '../autograd/tensor.js';
import { ModelError, ShapeError } from '../errors.js';
import type { Loss } from '../losses/loss.js';
import { checkSamples, type Samples } from './device-data.js';

/** A model's ends, and the loss between them and the samples. */
export interface Compared {
  readonly input: Shape;
  readonly output: Shape;
  readonly loss: Loss;
}

/**
 * The number of samples, each of which has what the loss takes.
 *
 * @throws ShapeError if the samples, or the model's output, are not what is needed
 * @throws ModelError if labels, targets or weights are missing, too few or none
 */
export function checkComparedSamples(samples: Samples, { input, output, loss }: Compared): number {
  const count = checkSamples(samples, input);
  if (loss.takes === 'labels') checkLabels(samples, output, loss.name, count);
  else checkTargets(samples, output, loss, count);
  const { sampleWeight } = samples;
  if (sampleWeight) {
    if (sampleWeight.length !== count)
      throw new ModelError(`there are ${count} samples, but ${sampleWeight.length} sample weights`);
    const wrong = sampleWeight.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
    if (wrong >= 0)
      throw new ModelError(`sample ${wrong} has weight ${sampleWeight[wrong]}, which is no number that is at least 0`);
  }
  return count;
}

function checkLabels({ labels, targets }: Samples, output: Shape, name: string, count: number): void {
  const [classes = 0] = output;
  if (output.length !== 1) {
    throw new ShapeError(`labels need an output of shape (classes,), but the model's is ${formatShape(output)}`);
  }
  if (!labels && targets)
    throw new ModelError(`the samples have targets, but ${name} takes labels (CategoricalCrossentropy takes targets)`);
  if (!labels) throw new ModelError('the samples have no labels, and without them there is no loss');
  if (labels.length !== count) throw new ModelError(`there are ${count} samples, but ${labels.length} labels`);
  for (let i = 0; i < count; i++) {
    const label = labels[i] as number;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new ModelError(`sample ${i} has label ${label}, but the model has ${classes} classes (0 … ${classes - 1})`);
    }
  }
}

function checkTargets({ labels, targets }: Samples, output: Shape, loss: Loss, count: number): void {
  const outputs = sizeOf(output);
  if (!targets) {
    const remedy = labels ? ' (toCategorical makes them of labels)' : '';
    throw new ModelError(`${loss.name} needs samples with targets, ${outputs} numbers each${remedy}`);
  }
  if (targets.length !== count * outputs) {
    const expected = `${count} · ${outputs} targets`;
    throw new ModelError(
      `${count} samples of a model with ${outputs} outputs need ${expected}, but there are ${targets.length}`,
    );
  }
  const fits = loss.probabilities ? (t: number) => t >= 0 && t <= 1 : Number.isFinite;
  const wrong = targets.findIndex((target) => !fits(target));
  if (wrong < 0) return;
  const what = loss.probabilities ? 'must lie in 0 … 1' : 'must be a finite number';
  const place = `target ${wrong % outputs} of sample ${Math.floor(wrong / outputs)}`;
  throw new ModelError(`${place} ${what} for ${loss.name}, but is ${targets[wrong]}`);
}

/**
 * Class numbers as one-hot rows of targets: (samples, classes). Keras's `to_categorical`.
 *
 * @throws ModelError if a label is no class
 */
export function toCategorical(labels: ArrayLike<number>, classes: number): Float32Array {
  const targets = new Float32Array(labels.length * classes);
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] as number;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new ModelError(`label ${row} is ${label}, but there are ${classes} classes (0 … ${classes - 1})`);
    targets[row * classes + label] = 1;
  }
  return targets;
}

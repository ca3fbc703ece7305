/** Whether the loss and the metrics that a model is compiled with fit it, and one another. */
import { ModelError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { ContainedActivation, Loss } from '../losses/loss.js';
import { Accuracy } from '../metrics/accuracy.js';
import type { Metric } from '../metrics/metric.js';

/** What a model that is compiled without metrics is told by, if its loss compares probabilities. */
const ACCURACY = new Accuracy();

/** Activations that are some loss's own. */
const CONTAINED: readonly string[] = ['softmax', 'sigmoid'] satisfies readonly ContainedActivation[];

/**
 * A loss that contains an activation takes what comes before it, so that the model must not end with another one's.
 *
 * @throws ModelError if it does
 */
export function checkEnd({ output }: Graph, { name, contains }: Loss): void {
  const { activation } = output.layer.options as { readonly activation?: string };
  if (!contains || !activation || activation === contains || !CONTAINED.includes(activation)) return;
  throw new ModelError(
    `${name} needs a model that ends with ${contains}, or without activation; this one ends with ${activation}`,
  );
}

/**
 * The metrics of a model with so many outputs.
 *
 * @throws ModelError if two have the same name, or one cannot be told of this loss and model
 */
export function checkedMetrics(asked: readonly Metric[] | undefined, loss: Loss, outputs: number): readonly Metric[] {
  const metrics: readonly Metric[] = asked ?? (loss.contains ? [ACCURACY] : []);
  const names = new Set(['loss', 'learning_rate']);
  for (const metric of metrics) {
    const { name, takes } = metric;
    if (names.has(name) || name.startsWith('val_'))
      throw new ModelError(`a metric cannot be called "${name}", as the logs hold that already; give it another name`);
    names.add(name);
    if (takes && takes !== loss.takes)
      throw new ModelError(`the metric "${name}" compares outputs with ${takes}, but ${loss.name} takes ${loss.takes}`);
    const sums = metric.sums(outputs);
    if (!Number.isInteger(sums) || sums < 1)
      throw new ModelError(`the metric "${name}" must keep at least one sum, not ${sums}`);
  }
  return metrics;
}

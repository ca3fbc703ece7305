/**
 * What only a model tells of a recipe: whether it has what the data, metrics, optimizers and callbacks ask for. A name
 * that is mistyped in a later phase would else be found after hours.
 */
import { checkedMetrics, isMaximized, loggedQuantities, type Model, sizeOf } from '@anke/nn';
import { checkOutputs } from '../samples.js';
import { inRecipe } from './check.js';
import { makeGoal, makeOptimizer } from './make.js';
import type { RecipeCallback, ResolvedRecipe } from './schema.js';

/**
 * @param classes of the data
 * @throws RecipeError if a recipe names an output, a weight or a quantity that there is not, or has too few outputs
 */
export function checkPhases(recipe: ResolvedRecipe, { graph }: Model, classes: number): void {
  const { loss, metrics } = makeGoal(recipe);
  const outputs = sizeOf(graph.outputShape);
  checkOutputs({ loss, classes, outputs });
  const checked = inRecipe(`${recipe.name}: metrics`, () => checkedMetrics(metrics, loss, outputs));
  const logs = { quantities: loggedQuantities(checked, true) };
  const trained = graph.layers.flatMap(({ name: layer, weights }) =>
    weights.flatMap(({ name, trainable }) => (trainable ? [`${layer}/${name}`] : [])),
  );
  recipe.phases.forEach(({ optimizer, callbacks }, i) => {
    const where = `${recipe.name}: phases[${i}]`;
    inRecipe(`${where}.optimizer`, () => makeOptimizer(optimizer).check?.(trained));
    callbacks.forEach((callback, j) => {
      if (watches(callback))
        inRecipe(`${where}.callbacks[${j}]`, () =>
          isMaximized({ mode: 'auto', ...callback, callback: callback.type }, logs),
        );
    });
  });
}

type Watching = Extract<RecipeCallback, { readonly monitor: string }>;

/** Whether a callback goes by a quantity. */
const watches = (callback: RecipeCallback): callback is Watching =>
  'monitor' in callback && !(callback.type === 'ModelCheckpoint' && !callback.saveBestOnly);

/** Built-in recipes as a page trains them: the command line's networks, in epochs that are short enough to watch. */
import { formatJson, type ModelSize, type Recipe, SHIPPED_NAMES, shippedRecipe } from '@anke/training';

/** Digits that are drawn, and steps between two points of the curves: a software adapter takes half a second a step. */
const SIZES = {
  gpu: { limit: 2_000, stepsPerEpoch: 25, epochs: 80 },
  software: { limit: 500, stepsPerEpoch: 6, epochs: 60 },
} as const;

/** Models that come in sizes are made for large photographs: digits are scaled to the least that they take. */
const MODEL_SIZES: Readonly<Record<string, ModelSize>> = {
  mobilenetv2: { imageSize: 32, alpha: 0.35 },
  vgg16: { imageSize: 32, alpha: 0.25 },
};

export const BUILT_IN = SHIPPED_NAMES;

/**
 * A built-in recipe by its name. Its callbacks are left out: they count epochs that are once over all images. One that
 * says how many steps it takes takes as many here, as its learning rate may go by them.
 *
 * @throws Error if there is none of that name
 */
export function builtInRecipe(name: string, software: boolean): string {
  const shipped = shippedRecipe(name, MODEL_SIZES[name]);
  if (!shipped) throw new Error(`there is no built-in recipe "${name}"`);
  const { limit, stepsPerEpoch, epochs } = SIZES[software ? 'software' : 'gpu'];
  const { stepsPerEpoch: ownSteps } = shipped;
  const recipe: Recipe = {
    ...shipped,
    data: { limit, validationSplit: 0.2 },
    stepsPerEpoch,
    phases: shipped.phases.map(({ optimizer, epochs: own }) => ({
      optimizer,
      epochs: ownSteps === undefined ? epochs : Math.ceil((ownSteps * own) / stepsPerEpoch),
    })),
  };
  return formatJson(recipe);
}

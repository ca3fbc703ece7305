/** The recipe that a page begins with: the command line's `cnn`, in epochs that are short enough to watch. */
import { formatJson, type Recipe, shippedRecipe } from '@anke/training';

/** Digits that are drawn, and steps between two points of the curves: a software adapter takes half a second a step. */
const SIZES = {
  gpu: { limit: 2_000, stepsPerEpoch: 25, epochs: 80 },
  software: { limit: 500, stepsPerEpoch: 6, epochs: 60 },
} as const;

export function firstRecipe(software: boolean): string {
  const { layers } = shippedRecipe('cnn') as Recipe;
  const { limit, stepsPerEpoch, epochs } = SIZES[software ? 'software' : 'gpu'];
  const recipe: Recipe = {
    name: 'cnn',
    description: 'The notebook’s CNN, trained with Adam',
    data: { limit, validationSplit: 0.2 },
    stepsPerEpoch,
    layers,
    phases: [{ optimizer: { type: 'Adam' }, epochs }],
  };
  return formatJson(recipe);
}

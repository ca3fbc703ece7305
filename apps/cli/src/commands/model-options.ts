/** Models of recipes, for commands that read no data: its shape and its classes come from options. */
import type { ImageShape } from '@anke/data';
import type { Model } from '@anke/nn';
import { checkRecipe, makeModel, type ResolvedRecipe } from '@anke/training';
import type { Command } from 'commander';
import { imageShape } from '../data-sets.js';
import { readRecipe, type SizeOptions } from '../recipes.js';
import { GROUP, positive, sizeOptions } from './options.js';

export interface ModelOptions extends SizeOptions {
  readonly recipe: string;
  readonly imageShape?: ImageShape;
  readonly classes: number;
}

export interface RecipeModel {
  readonly recipe: ResolvedRecipe;
  readonly inputShape: ImageShape;
  readonly classes: number;
  /** A new model of the recipe. */
  make(seed: number): Model;
}

/** Images of the notebook, where neither an option nor the recipe tells. */
const NOTEBOOK_SHAPE: ImageShape = [28, 28, 1];

/** @param meaning of `--recipe` */
export const modelOptions = (command: Command, meaning: string): Command =>
  sizeOptions(command.optionsGroup(GROUP.model).option('--recipe <name>', meaning, 'notebook'))
    .option(
      '--image-shape <h,w,c>',
      'height, width and channels of an image; default: the recipe’s, else 28,28,1',
      imageShape,
    )
    .option('--classes <n>', 'how many classes', positive, 10);

/**
 * A recipe as models are made of it.
 *
 * @throws CommandError or RecipeError if there is none, or something in it is wrong
 */
export async function recipeModel(options: ModelOptions): Promise<RecipeModel> {
  const { recipe: name, imageShape: shape, classes } = options;
  const recipe = await checkRecipe(await readRecipe(name, options), name);
  const inputShape = shape ?? recipe.data.imageShape ?? NOTEBOOK_SHAPE;
  return {
    recipe,
    inputShape,
    classes,
    make: (seed) => makeModel(recipe.layers, { seed, inputShape, classes }),
  };
}

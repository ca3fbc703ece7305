/** Recipes as text, checked as the command line checks them, and by what a page cannot do. */
import type { ImageDataset } from '@anke/data';
import { countParameters } from '@anke/nn';
import { checkPhases, checkRecipe, makeModel, RecipeError, type ResolvedRecipe } from '@anke/training';

/** Else the schema's library makes functions of text, which the page's content security policy forbids. */
export async function withoutFunctionsOfText(): Promise<void> {
  const { config } = await import('zod');
  config({ jitless: true });
}

/** @throws RecipeError or SyntaxError that says what is wrong */
export async function parsedRecipe(text: string): Promise<ResolvedRecipe> {
  await withoutFunctionsOfText();
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`recipe: this is no JSON (${(error as Error).message})`);
  }
  return await checkRecipe(given, 'recipe');
}

/** @throws RecipeError or SyntaxError also where it names files */
export async function readRecipe(text: string): Promise<ResolvedRecipe> {
  const recipe = await parsedRecipe(text);
  const leaveOut = 'a page cannot open paths; leave it out, and';
  if (recipe.data.path !== undefined)
    throw new RecipeError(`recipe: data.path: ${leaveOut} drop the files on the page`);
  if (recipe.weights) throw new RecipeError(`recipe: weights: ${leaveOut} begin with fresh weights`);
  return recipe;
}

/**
 * How many weights a recipe's network has.
 *
 * @param images that it would train on; digits of 28 × 28, if there are none yet
 * @throws Error that says why they make no network, or no training
 */
export function weightsOf(recipe: ResolvedRecipe, images: ImageDataset | undefined): number {
  const { shape: inputShape = [28, 28, 1], classes = 10 } = images ?? {};
  const model = makeModel(recipe.layers, { seed: recipe.seed, inputShape, classes, images });
  checkPhases(recipe, model, classes);
  return countParameters(model.graph.layers).total;
}

/** The same training without the paths of its data and of its first weights: as a page goes on with it. */
export function withoutPaths({ weights: _, ...recipe }: ResolvedRecipe): ResolvedRecipe {
  const { path: __, ...data } = recipe.data;
  return { ...recipe, data };
}

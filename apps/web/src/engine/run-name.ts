/**
 * The name under which a run is kept: a hash of its recipe and of the images that it learns from. So the same training
 * is found again after a reload, when the same files are dropped again, or when its files come from elsewhere.
 */
import { type ImageDataset, pixelStatistics } from '@anke/data';
import type { DataFacts, ResolvedRecipe, TrainingData } from '@anke/training';

export const RECIPE_FILE = 'recipe.json';

type ImageFacts = Pick<DataFacts, 'images' | 'pixels'>;

const factsOf = (images: ImageDataset): ImageFacts => ({ images: images.count, pixels: pixelStatistics(images) });

export const nameOfRun = (recipe: ResolvedRecipe, { training, validation }: TrainingData): Promise<string> =>
  nameOf(recipe, factsOf(training), factsOf(validation));

/** The name by what a run's own files tell; undefined if they do not tell what it was validated on. */
export async function nameByFacts(recipe: ResolvedRecipe, facts: DataFacts): Promise<string | undefined> {
  const { validation } = facts;
  return validation && (await nameOf(recipe, facts, validation));
}

async function nameOf(recipe: ResolvedRecipe, ...images: readonly ImageFacts[]): Promise<string> {
  const said = JSON.stringify([recipe, ...images.map(({ images: count, pixels }) => [count, Object.entries(pixels)])]);
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(said)));
  return Array.from(sum.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

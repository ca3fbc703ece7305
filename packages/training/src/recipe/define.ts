/** What a recipe that is written as code imports: `@anke/training/recipe`. It loads nothing else. */
import type { Recipe } from './schema.js';

export type { Recipe } from './schema.js';

/** Gives a recipe its type: `export default defineRecipe({ … })` in a TypeScript file. */
export const defineRecipe = (recipe: Recipe): Recipe => recipe;

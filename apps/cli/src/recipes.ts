/** Recipes by name, or from files: JSON, TypeScript or JavaScript. */
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, resolve } from 'node:path';
import { noSize, type Recipe, readText, SHIPPED_NAMES, shippedRecipe } from '@anke/training';
import { CommandError } from './errors.js';
import { parseJson } from './json.js';
import { fromRun } from './run-files.js';

const CODE = ['.ts', '.mts', '.js', '.mjs'];

/** What a built-in recipe is made for. */
export interface SizeOptions {
  readonly imageSize?: number;
  readonly alpha?: number;
  readonly imageShape?: readonly [number, number, number];
}

/**
 * A built-in recipe by its name, or one from a file; not checked yet.
 *
 * @throws CommandError if there is none, or it does not come in several sizes
 */
export async function readRecipe(source: string, size: SizeOptions = {}): Promise<Recipe> {
  const { imageSize, alpha, imageShape } = size;
  const shipped = shippedRecipe(source, { imageSize, alpha, channels: imageShape?.[2] });
  if (shipped) return shipped;
  if (!existsSync(source) || statSync(source).isDirectory()) {
    const names = SHIPPED_NAMES.join(', ');
    throw new CommandError(`${source}: there is no such recipe; it may be ${names}, or a JSON or TypeScript file`);
  }
  if (imageSize !== undefined || alpha !== undefined) throw new CommandError(`${source}: ${noSize()}`);
  const read = await readWritten(source);
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new CommandError(`${source}: a recipe is an object, with layers and phases`);
  const recipe = { name: basename(source, extname(source)).replace(/[^\w-]+/g, '-'), ...read } as Recipe;
  const path = recipe.data?.path;
  if (typeof path === 'string') recipe.data = { ...recipe.data, path: resolve(dirname(source), path) };
  const { weights } = recipe;
  if (typeof weights?.path === 'string') recipe.weights = { ...weights, path: resolve(dirname(source), weights.path) };
  return recipe;
}

/**
 * What a JSON, TypeScript or JavaScript file says.
 *
 * @throws CommandError if it cannot be read as such
 */
export const readWritten = async (source: string): Promise<unknown> =>
  CODE.includes(extname(source)) ? await imported(source) : parseJson(source, await readListed(source));

/** A file's text, which must be what a list beside it says: so a run's recipe, too, is what the run has written. */
const readListed = async (path: string): Promise<string> =>
  (await fromRun(dirname(path), (store) => readText(store, basename(path)))) ?? '';

async function imported(source: string): Promise<unknown> {
  const { createJiti } = await import('jiti');
  // A recipe may lie anywhere: it finds what gives it its type here.
  const recipe = '@anke/training/recipe';
  const alias = { [recipe]: createRequire(import.meta.url).resolve(recipe) };
  const jiti = createJiti(import.meta.url, { alias, fsCache: false, moduleCache: false });
  let read: unknown;
  try {
    read = await jiti.import(resolve(source), { default: true });
  } catch (error) {
    throw new CommandError(`${source}: ${(error as Error).message.split('\n')[0]}`);
  }
  // A module without a default export gives its namespace.
  if (typeof read === 'object' && read !== null && 'default' in read) return read.default;
  return read;
}

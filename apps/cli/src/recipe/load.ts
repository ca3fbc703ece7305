/** Recipes from files: JSON, TypeScript or JavaScript; and what is said of one that cannot be used. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { CommandError } from '../errors.js';
import { didYouMean, parseJson } from '../json.js';
import { type Recipe, type ResolvedRecipe, recipeJsonSchema, recipeSchema } from './schema.js';
import { SHIPPED } from './shipped.js';

const CODE = ['.ts', '.mts', '.js', '.mjs'];

/**
 * A recipe that comes along, by its name, or one from a file; not checked yet.
 *
 * @throws CommandError if there is none
 */
export async function readRecipe(source: string): Promise<Recipe> {
  if (Object.hasOwn(SHIPPED, source)) return structuredClone(SHIPPED[source] as Recipe);
  if (!existsSync(source) || statSync(source).isDirectory()) {
    const names = Object.keys(SHIPPED).join(', ');
    throw new CommandError(`${source}: there is no such recipe; it may be ${names}, or a JSON or TypeScript file`);
  }
  const read = CODE.includes(extname(source))
    ? await importRecipe(source)
    : parseJson(source, readFileSync(source, 'utf8'));
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new CommandError(`${source}: a recipe is an object, with layers and phases`);
  const recipe = { name: basename(source, extname(source)).replace(/[^\w-]+/g, '-'), ...read } as Recipe;
  const path = recipe.data?.path;
  if (typeof path === 'string') recipe.data = { ...recipe.data, path: resolve(dirname(source), path) };
  return recipe;
}

async function importRecipe(source: string): Promise<unknown> {
  const { createJiti } = await import('jiti');
  const own = fileURLToPath(new URL('./index.js', import.meta.url));
  const jiti = createJiti(import.meta.url, { alias: { '@anke/cli/recipe': own }, fsCache: false, moduleCache: false });
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

/**
 * Checks a recipe and fills in its defaults.
 *
 * @param where what the messages begin with
 * @throws CommandError that names each place that is wrong, and what may stand there
 */
export function checkRecipe(recipe: Recipe, where: string): ResolvedRecipe {
  const { success, data, error } = recipeSchema.safeParse(recipe, { reportInput: true });
  if (!success) throw new CommandError(`${where}: ${[...new Set(error.issues.map(describe))].join('; ')}`);
  const { $schema: _, ...resolved } = data;
  const phases = uniqueNames(resolved.phases, where);
  return { ...resolved, name: resolved.name ?? 'recipe', phases };
}

/** Phases are told apart by their names: the optimizer's, with a number from the second on. */
function uniqueNames(phases: ResolvedRecipe['phases'], where: string): ResolvedRecipe['phases'] {
  const used = new Set<string>();
  return phases.map((phase) => {
    const base = phase.name ?? phase.optimizer.type.toLowerCase();
    let name = base;
    for (let n = 2; used.has(name); n++) {
      if (phase.name !== undefined) throw new CommandError(`${where}: two phases are named "${base}"`);
      name = `${base}-${n}`;
    }
    used.add(name);
    const { name: _, ...rest } = phase;
    return { name, ...rest };
  });
}

type Issue = z.core.$ZodIssue;

/** layers[3].filters */
const placeOf = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');

function describe(issue: Issue): string {
  const place = placeOf(issue.path);
  const at = place === '' ? '' : `${place}: `;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue);
    return issue.keys
      .map((key) => `${at}"${key}" is not known here${didYouMean(key, known)}; known are ${known.join(', ')}`)
      .join('; ');
  }
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) {
    const given = (issue.input as Record<string, unknown>)[issue.discriminator];
    const options = (issue as { options?: unknown[] }).options?.map(String) ?? [];
    return `${at}${given === undefined ? 'it is missing' : `"${String(given)}" is not known here${didYouMean(String(given), options)}`}${options.length > 0 ? `; it may be ${options.join(', ')}` : ''}`;
  }
  if (!('input' in issue) || issue.input === undefined) return `${at}it is missing`;
  return `${at}${issue.message.replace(/^Invalid input: /, '')}`;
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
}

/** The keys that the schema knows at an issue's place: those of the kind that the value's `type` names. */
function keysAt(issue: Issue): string[] {
  let nodes: readonly SchemaNode[] = [recipeJsonSchema() as SchemaNode];
  for (const key of issue.path) {
    nodes = nodes
      .flatMap((node) => (typeof key === 'number' ? (node.items ?? []) : (node.properties?.[String(key)] ?? [])))
      .flatMap((node) => node.oneOf ?? node.anyOf ?? node);
  }
  const { type } = ((issue as { input?: unknown }).input ?? {}) as { type?: unknown };
  const meant = nodes.filter(({ properties }) => properties?.['type']?.const === type || !properties?.['type']?.const);
  return [...new Set((meant.length > 0 ? meant : nodes).flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

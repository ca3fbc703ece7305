/**
 * Checks recipes, and says what is wrong with one that cannot be used. The schema's library takes a while to load, and
 * most commands check no recipe: it is loaded with the first check.
 */
import { quoted } from '@anke/messages';
import { ModelError } from '@anke/nn';
import type { z } from 'zod';
import { RecipeError } from '../errors.js';
import { makeGoal, makeOptimizer } from './make.js';
import type { ResolvedRecipe } from './schema.js';
import { didYouMean } from './suggestion.js';

/** JSON Schema (draft 2020-12) of what a recipe may be, for editors. */
export const recipeJsonSchema = async (): Promise<object> => (await import('./schema.js')).recipeJsonSchema();

/**
 * Checks a recipe and fills in its defaults.
 *
 * @param where what the messages begin with
 * @throws RecipeError that names each path that is wrong, and what it may hold
 */
export async function checkRecipe(recipe: unknown, where: string): Promise<ResolvedRecipe> {
  if (typeof recipe !== 'object' || recipe === null || Array.isArray(recipe))
    throw new RecipeError(`${where}: a recipe is an object, with layers and phases`);
  const { recipeSchema } = await import('./schema.js');
  const { $schema: _, ...resolved } = await parsed(recipeSchema, recipe, where);
  const { writers, shuffleSplit, stratified } = resolved.data;
  if (writers && (shuffleSplit || stratified)) {
    const other = shuffleSplit ? 'shuffleSplit' : 'stratified';
    throw new RecipeError(`${where}: data.writers: whole writers are held out, so no rows can be drawn (${other})`);
  }
  inRecipe(`${where}: metrics`, () => makeGoal(resolved));
  const phases = uniqueNames(resolved.phases, where);
  phases.forEach((phase, i) => {
    checkOptimizer(phase, `${where}: phases[${i}]`);
  });
  return { ...resolved, name: resolved.name ?? 'recipe', phases };
}

/**
 * Checks a list of layers as a recipe has it.
 *
 * @param where what the messages begin with
 * @throws RecipeError that names each path that is wrong, and what it may hold
 */
export async function checkLayers(layers: unknown, where: string): Promise<ResolvedRecipe['layers']> {
  const { recipeSchema } = await import('./schema.js');
  return (await parsed(recipeSchema.pick({ layers: true }), { layers }, where)).layers;
}

/**
 * What a schema makes of a value, or what is wrong with it.
 *
 * @param jsonSchema of what may be written, for guesses at what was meant
 * @throws RecipeError
 */
export async function parsed<T>(
  schema: z.ZodType<T>,
  value: unknown,
  where: string,
  jsonSchema: () => object | Promise<object> = recipeJsonSchema,
): Promise<T> {
  const { success, data, error } = schema.safeParse(value, { reportInput: true });
  if (success) return data;
  const known = (await jsonSchema()) as SchemaNode;
  const said = error.issues.map((issue) => describe(issue, known));
  const [first = '', ...others] = new Set(said);
  const more = others.length > 0 ? `; ${others.length} more ${others.length > 1 ? 'parts are' : 'part is'} wrong` : '';
  throw new RecipeError(`${where}: ${first}${more}`);
}

/** @throws RecipeError that says where in the recipe something stands which the engine refuses */
export function inRecipe<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof ModelError ? new RecipeError(`${where}: ${error.message}`) : error;
  }
}

/** Callbacks that set the learning rate. */
const SETTING_THE_RATE: readonly string[] = ['LearningRateScheduler', 'ReduceLROnPlateau'];

/** @throws RecipeError if options of a phase's optimizer do not go together, or a callback does not go with them */
function checkOptimizer({ optimizer, callbacks }: ResolvedRecipe['phases'][number], where: string): void {
  inRecipe(`${where}.optimizer`, () => makeOptimizer(optimizer));
  const { learningRate } = optimizer;
  const setting = callbacks.findIndex(({ type }) => SETTING_THE_RATE.includes(type));
  if (typeof learningRate === 'object' && setting >= 0)
    throw new RecipeError(
      `${where}.callbacks[${setting}]: ${callbacks[setting]?.type} sets the learning rate, ` +
        `but the optimizer's follows a schedule (${learningRate.type}): use one of the two`,
    );
}

/** Gives each phase a name of its own: the optimizer's, with a number from the second on. */
function uniqueNames(phases: ResolvedRecipe['phases'], where: string): ResolvedRecipe['phases'] {
  const used = new Set<string>();
  return phases.map((phase) => {
    const base = phase.name ?? phase.optimizer.type.toLowerCase();
    let name = base;
    for (let n = 2; used.has(name); n++) {
      if (phase.name !== undefined) throw new RecipeError(`${where}: two phases are named "${base}"`);
      name = `${base}-${n}`;
    }
    used.add(name);
    const { name: _, ...rest } = phase;
    return { name, ...rest };
  });
}

type Issue = z.core.$ZodIssue;

/** layers[3].filters */
const pathOf = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key).slice(0, 80)}`))
    .join('')
    .replace(/^\./, '');

function describe(issue: Issue, schema: SchemaNode): string {
  const branch = issue.code === 'invalid_union' && issue.discriminator === undefined && meantBranch(issue.errors);
  if (branch) return describe({ ...branch, path: [...issue.path, ...branch.path] }, schema);
  const path = pathOf(issue.path);
  const at = path === '' ? '' : `${path}: `;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue, schema);
    const [key = ''] = issue.keys;
    return `${at}${quoted(key)} is not known here${didYouMean(key, known)}; known are ${known.join(', ')}`;
  }
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) {
    const given = (issue.input as Record<string, unknown>)[issue.discriminator];
    const options = (issue as { options?: unknown[] }).options?.map(String) ?? [];
    const unknown = `${quoted(given)} is not known here${typeof given === 'string' ? didYouMean(given, options) : ''}`;
    const choices = options.length > 0 ? `; it may be ${options.join(', ')}` : '';
    return `${at}${given === undefined ? 'it is missing' : unknown}${choices}`;
  }
  if (!('input' in issue) || issue.input === undefined) return `${at}it is missing`;
  return `${at}${issue.message.replace(/^Invalid input: /, '')}`;
}

/** What is wrong with the only alternative that a value has the right type for. */
function meantBranch(alternatives: readonly (readonly Issue[])[]): Issue | undefined {
  const meant = alternatives.filter(([first]) => first?.code !== 'invalid_type' || first.path.length > 0);
  return meant.length === 1 ? meant[0]?.[0] : undefined;
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
  /** `#/$defs/<name>`: the node is that of the schema's `$defs`. */
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

/** The alternatives of a node of a schema, also those within another's. */
function alternativesOf(node: SchemaNode, schema: SchemaNode): readonly SchemaNode[] {
  const named = schema.$defs?.[node.$ref?.replace('#/$defs/', '') ?? ''];
  const within = named ? [named] : (node.oneOf ?? node.anyOf);
  return within?.flatMap((one) => alternativesOf(one, schema)) ?? [node];
}

/** The keys that the schema knows at an issue's path: those of the kind that the value's `type` names. */
function keysAt(issue: Issue, schema: SchemaNode): string[] {
  let nodes: readonly SchemaNode[] = [schema];
  for (const key of issue.path) {
    nodes = nodes
      .flatMap((node) => (typeof key === 'number' ? (node.items ?? []) : (node.properties?.[String(key)] ?? [])))
      .flatMap((node) => alternativesOf(node, schema));
  }
  const { type } = ((issue as { input?: unknown }).input ?? {}) as { type?: unknown };
  const meant = nodes.filter(({ properties }) => properties?.['type']?.const === type || !properties?.['type']?.const);
  return [...new Set((meant.length > 0 ? meant : nodes).flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

/** Checks sweeps, and says what is wrong with one that cannot be used. */
import { RecipeError } from '../errors.js';
import { parsed } from '../recipe/check.js';
import type { ResolvedSweep } from './schema.js';

/** JSON Schema (draft 2020-12) of what a sweep may be, for editors. */
export const sweepJsonSchema = async (): Promise<object> => (await import('./schema.js')).sweepJsonSchema();

/**
 * Checks a sweep and fills in its defaults. Whether the recipe has what the parameters name, only trials can tell.
 *
 * @param where what the messages begin with
 * @throws RecipeError that names each path that is wrong, and what it may hold
 */
export async function checkSweep(sweep: unknown, where: string): Promise<ResolvedSweep> {
  if (typeof sweep !== 'object' || sweep === null || Array.isArray(sweep))
    throw new RecipeError(`${where}: a sweep is an object, with a recipe and parameters`);
  const { sweepSchema } = await import('./schema.js');
  const { $schema: _, ...read } = await parsed(sweepSchema, sweep, where, sweepJsonSchema);
  const resolved = { ...read, name: read.name ?? 'sweep', goal: read.goal ?? goalOf(read.metric) };
  const problem = problemOf(resolved);
  if (problem !== undefined) throw new RecipeError(`${where}: ${problem}`);
  return resolved;
}

const goalOf = (metric: string): 'min' | 'max' => (/loss|error/.test(metric) ? 'min' : 'max');

/** What does not go together. */
function problemOf({ method: { type: method }, parameters, budget }: ResolvedSweep): string | undefined {
  if (method === 'grid') {
    const endless = Object.entries(parameters).find(
      ([, range]) => (range.type === 'uniform' || range.type === 'logUniform') && range.points === undefined,
    );
    return endless && `parameters.${endless[0]}: a grid needs to know how many values to take: "points": 5`;
  }
  if (method === 'halving' && budget.trials === undefined)
    return 'budget: halving needs to know how many trials begin: "trials": 24';
  if (budget.trials === undefined && budget.minutes === undefined)
    return 'budget: a random search ends after a number of "trials" or "minutes", and neither is given';
  const epochs = method === 'halving' && Object.keys(parameters).find((path) => /epochs$/.test(path));
  return epochs ? `parameters.${epochs}: halving itself chooses how many epochs a trial has` : undefined;
}

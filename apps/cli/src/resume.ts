/** Runs that stopped before their end: what they were asked for. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { checkRecipe, type ResolvedRecipe } from '@anke/training';
import type { DataOptions } from './data-sets.js';
import type { Device, TuningOptions } from './device.js';
import { CommandError } from './errors.js';
import { readRecipe } from './recipes.js';

type RunOptions = TuningOptions & Pick<DataOptions, 'maxUnpacked' | 'maxRatio'>;

/**
 * What a command was asked for: by its options now, or, with `--resume RUN`, by those that the run was started with.
 *
 * @throws CommandError if the folder holds no run of this command
 */
export function optionsOf<O extends { readonly resume?: string; readonly json?: boolean; readonly quiet?: boolean }>(
  given: O,
  command: string,
): O {
  const { resume, json, quiet } = given;
  if (resume === undefined) return given;
  const path = join(resume, 'config.json');
  if (!existsSync(path)) throw new CommandError(`${resume}: there is no run in it to resume (config.json is missing)`);
  let config: O & { readonly command?: string };
  try {
    config = JSON.parse(readFileSync(path, 'utf8')) as typeof config;
  } catch {
    throw new CommandError(`${path}: this is no JSON`);
  }
  if (config.command !== command) {
    const maker = `anke ${config.command ?? '?'}`;
    throw new CommandError(`${resume}: this run was made by "${maker}"; resume with: ${maker} --resume ${resume}`);
  }
  // Drafts of files that a run was just writing when it was killed.
  for (const file of readdirSync(resume, { recursive: true, encoding: 'utf8' })) {
    if (/^\..*\.part$/.test(basename(file))) rmSync(join(resume, file));
  }
  return { ...config, ...(json === undefined ? {} : { json }), ...(quiet === undefined ? {} : { quiet }), resume };
}

/**
 * The recipe that a run was begun with.
 *
 * @throws CommandError if it cannot be read
 */
export async function recipeOfRun(run: string): Promise<ResolvedRecipe> {
  const path = join(run, 'recipe.json');
  return await checkRecipe(await readRecipe(path), path);
}

/** What a run's `config.json` says: the command, and how it was to compute. What it was to compute is its recipe. */
export const configOf = (command: string, { tune, kernels, ...options }: RunOptions, { report }: Device): object => ({
  command,
  tune,
  // Paths are kept whole, so that a run can be resumed from anywhere.
  kernels: kernels === undefined ? undefined : resolve(kernels),
  maxUnpacked: options.maxUnpacked,
  maxRatio: options.maxRatio,
  adapter: report.name,
});

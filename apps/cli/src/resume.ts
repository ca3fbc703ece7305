/** Runs that stopped before their end: what they were asked for. */
import { join, resolve } from 'node:path';
import { checkRecipe, type ResolvedRecipe, readText } from '@anke/training';
import type { DataOptions } from './data-sets.js';
import type { Device, TuningOptions } from './device.js';
import { CommandError } from './errors.js';
import { parseJson } from './json.js';
import { readRecipe } from './recipes.js';
import { CONFIG_FILE, fromRun, RECIPE_FILE } from './run-files.js';

type RunOptions = TuningOptions & Pick<DataOptions, 'maxUnpacked' | 'maxRatio'>;

/**
 * What a command was asked for: by its options now, or, with `--resume RUN`, by those that the run was started with.
 *
 * @throws CommandError if the folder holds no run of this command
 */
export async function optionsOf<
  O extends { readonly resume?: string; readonly json?: boolean; readonly quiet?: boolean },
>(given: O, command: string): Promise<O> {
  const { resume, json, quiet } = given;
  if (resume === undefined) return given;
  const text = await fromRun(resume, (store) => readText(store, CONFIG_FILE));
  if (text === undefined)
    throw new CommandError(`${resume}: there is no run in it to resume (${CONFIG_FILE} is missing)`);
  const config = configIn(join(resume, CONFIG_FILE), text) as O & { readonly command: string };
  if (config.command !== command) {
    const maker = `anke ${config.command}`;
    throw new CommandError(`${resume}: this run was made by "${maker}"; resume with: ${maker} --resume ${resume}`);
  }
  return { ...config, ...(json === undefined ? {} : { json }), ...(quiet === undefined ? {} : { quiet }), resume };
}

/** What each entry of `config.json` must be, where it is there. */
const CONFIG: Readonly<Record<string, 'string' | 'boolean' | 'number'>> = {
  command: 'string',
  tune: 'boolean',
  kernels: 'string',
  maxUnpacked: 'number',
  maxRatio: 'number',
  adapter: 'string',
};

/** @throws CommandError if it is nothing that {@link configOf} makes */
function configIn(path: string, text: string): object {
  const read = parseJson(path, text);
  if (typeof read !== 'object' || read === null || !('command' in read))
    throw new CommandError(`${path}: it does not say which command has made this run`);
  for (const [key, value] of Object.entries(read))
    if (!Object.hasOwn(CONFIG, key) || typeof value !== CONFIG[key])
      throw new CommandError(`${path}: "${key}" is not what a run has written there`);
  return read;
}

/**
 * The recipe that a run was begun with.
 *
 * @throws CommandError if it cannot be read
 */
export async function recipeOfRun(run: string): Promise<ResolvedRecipe> {
  const path = join(run, RECIPE_FILE);
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

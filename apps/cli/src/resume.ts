/** Runs that go on: what they were asked for, and more epochs than that. */
import { join, resolve } from 'node:path';
import {
  checkRecipe,
  isOver,
  type Phase,
  type RecipePhase,
  type ResolvedRecipe,
  readProgress,
  readText,
} from '@anke/training';
import type { Command } from 'commander';
import type { DataOptions } from './data-sets.js';
import type { Device, TuningOptions } from './device.js';
import { CommandError, UsageError } from './errors.js';
import { commandLine, version } from './invocation.js';
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
  commandLine: 'string',
  version: 'string',
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

/** Epochs that options ask for. */
export interface MoreEpochs {
  /** For every phase; of a resumed run, for the one that is under way and those behind it. */
  readonly epochs?: number | undefined;
  readonly adamEpochs?: number | undefined;
  readonly sgdEpochs?: number | undefined;
}

/** A run that goes on. */
export interface Resumed {
  readonly recipe: ResolvedRecipe;
  /** What there is to say of it. */
  readonly remark: string | undefined;
}

/**
 * The recipe of a run, with more epochs if they are asked for.
 *
 * @throws UsageError if the epochs are those of a phase that is over, or fewer than it has had
 */
export async function extendedRecipe(run: string, command: string, more: MoreEpochs): Promise<Resumed> {
  const recipe = await recipeOfRun(run);
  const progress = await fromRun(run, readProgress);
  if (!progress) return { recipe: withEpochs(recipe, 0, more), remark: undefined };
  const current = progress.phases.length - 1;
  const { name, epochs } = progress.phases[current] as Phase;
  const fresh = withEpochs(recipe, current, more);
  const { epochs: wanted } = fresh.phases[current] as RecipePhase;
  for (const [i, { optimizer, name: phase }] of recipe.phases.slice(0, current).entries())
    if (epochsFor(optimizer.type, more) !== undefined && more.epochs === undefined)
      throw new UsageError(`${run}: phase ${i + 1}, ${phase}, is over, as ${name} has begun from its weights`);
  if (wanted < epochs.length)
    throw new UsageError(`${run}: ${name} has had ${epochs.length} epochs already, more than ${wanted}`);
  const isFinished = current === recipe.phases.length - 1 && isOver(progress, wanted);
  const option = command === 'train' ? '--epochs' : `--${fresh.phases[current]?.optimizer.type.toLowerCase()}-epochs`;
  const had = epochs.length === 1 ? '1 epoch' : `${epochs.length} epochs`;
  const longer = `${option} ${2 * epochs.length}`;
  const remark = `${run} is finished (${had} of ${name}), so only its report is made again; ${longer} trains on`;
  return { recipe: fresh, remark: isFinished ? remark : undefined };
}

/** Epochs that options ask for, for a phase with this optimizer. */
export const epochsFor = (type: string, { epochs, adamEpochs, sgdEpochs }: MoreEpochs): number | undefined =>
  epochs ?? { Adam: adamEpochs, SGD: sgdEpochs }[type];

/** Other numbers of epochs, from a phase on. */
const withEpochs = (recipe: ResolvedRecipe, from: number, more: MoreEpochs): ResolvedRecipe => ({
  ...recipe,
  phases: recipe.phases.map((phase, i) => ({
    ...phase,
    epochs: (i < from ? undefined : epochsFor(phase.optimizer.type, more)) ?? phase.epochs,
  })),
});

/** What a resumed run takes besides; all else is as it was begun. */
const TAKEN = ['resume', 'epochs', 'adamEpochs', 'sgdEpochs', 'json', 'quiet'];

/** Lets a command refuse options beside `--resume` that a run cannot take any more. */
export function refuseBesideResume(command: Command): void {
  command.hook('preAction', () => {
    if (command.opts()['resume'] === undefined) return;
    const refused = command.options.filter(
      (option) => !TAKEN.includes(option.attributeName()) && isGiven(command, option.attributeName()),
    );
    if (refused.length === 0) return;
    // Data is given by its place; its option is an earlier name.
    const names = refused.map(({ long }) => (long === '--data' ? 'data' : long)).join(', ');
    const instead = 'a resumed run goes on as it was begun, with --epochs for more of them';
    throw new UsageError(`${names} cannot be given with --resume: ${instead}`);
  });
}

const isGiven = (command: Command, name: string): boolean => command.getOptionValueSource(name) === 'cli';

/** What a run's `config.json` says: how it was called, and how it was to compute. What, its recipe says. */
export const configOf = (command: string, { tune, kernels, ...options }: RunOptions, { report }: Device): object => ({
  command,
  commandLine: commandLine(),
  version,
  tune,
  // Paths are kept whole, so that a run can be resumed from anywhere.
  kernels: kernels === undefined ? undefined : resolve(kernels),
  maxUnpacked: options.maxUnpacked,
  maxRatio: options.maxRatio,
  adapter: report.name,
});

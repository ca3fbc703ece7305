/** What a sweep is to do: its file, the recipe that it changes, and its trials. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { quoted } from '@anke/messages';
import {
  checkRecipe,
  checkSweep,
  didYouMean,
  makeGoal,
  type ResolvedRecipe,
  type ResolvedSweep,
  type Rung,
  rungsOf,
  SHIPPED_NAMES,
  type Values,
  valuesOf,
} from '@anke/training';
import { CommandError, UsageError } from '../errors.js';
import { readRecipe, readWritten } from '../recipes.js';
import { RECIPE_FILE } from '../run-files.js';
import { makeTrial, type Trial } from './trial.js';

export const SWEEP_FILE = 'sweep.json';

export interface SweepPlan {
  readonly sweep: ResolvedSweep;
  readonly base: ResolvedRecipe;
}

/** @throws CommandError, RecipeError or UsageError if the file, or the recipe that it names, cannot be used */
export async function readPlan(path: string): Promise<SweepPlan> {
  if (!existsSync(path)) throw new CommandError(`${path}: there is no such file; a sweep is a JSON or TypeScript file`);
  const name = basename(path, extname(path)).replace(/[^\w-]+/g, '-');
  const written = await readWritten(path);
  const sweep = await checkSweep(isObject(written) ? { name, ...written } : written, path);
  const from = (file: string): string => resolve(dirname(path), file);
  const source = SHIPPED_NAMES.includes(sweep.recipe) ? sweep.recipe : from(sweep.recipe);
  const recipe = await readRecipe(source);
  await checkRecipe(recipe, source);
  if (sweep.data !== undefined) recipe.data = { ...recipe.data, path: from(sweep.data) };
  if (recipe.data?.path === undefined)
    throw new UsageError(`${path}: "data" is missing, and the recipe ${sweep.recipe} names none either`);
  recipe.phases = recipe.phases.map((phase) => ({ ...phase, epochs: sweep.epochs ?? phase.epochs }));
  return checked({ sweep, base: await checkRecipe(recipe, source) }, path);
}

/**
 * The plan that a sweep's folder holds.
 *
 * @throws CommandError if it holds none
 */
export async function planIn(folder: string): Promise<SweepPlan & { readonly seconds: number }> {
  const path = join(folder, SWEEP_FILE);
  if (!existsSync(path))
    throw new CommandError(`${folder}: there is no sweep in it to resume (${SWEEP_FILE} is missing)`);
  const written = await readWritten(path);
  const { sweep, seconds } = (isObject(written) ? written : {}) as { sweep?: unknown; seconds?: unknown };
  const recipe = join(folder, RECIPE_FILE);
  const plan = { sweep: await checkSweep(sweep, path), base: await checkRecipe(await readWritten(recipe), recipe) };
  return { ...checked(plan, path), seconds: typeof seconds === 'number' ? seconds : 0 };
}

/** @throws CommandError if the recipe does not go with what the sweep asks for */
function checked(plan: SweepPlan, path: string): SweepPlan {
  const { sweep, base } = plan;
  const { phases } = base;
  if (sweep.method.type === 'halving' && phases.length > 1) {
    const names = phases.map(({ name }) => name).join(', ');
    throw new CommandError(`${path}: halving needs a recipe of one phase, and ${base.name} has ${names}`);
  }
  const { metrics = [{ name: 'accuracy' }] } = makeGoal(base);
  const own = ['loss', ...metrics.map(({ name }) => name)];
  const known = [...own, ...own.map((name) => `val_${name}`)];
  if (known.includes(sweep.metric)) return plan;
  const guess = didYouMean(sweep.metric, known);
  throw new CommandError(
    `${path}: the recipe tells of no ${quoted(sweep.metric)}${guess}; it tells of ${known.join(', ')}`,
  );
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Epochs of a trial that comes to its end. */
export const fullEpochs = ({ base }: SweepPlan): number => base.phases.reduce((sum, { epochs }) => sum + epochs, 0);

/** The trials of a plan, made as they are asked for: a search that ends by the clock does not know how many. */
export class Trials {
  readonly #values: Iterator<Values, void>;
  readonly all: Trial[] = [];
  readonly #hashes = new Set<string>();
  #isExhausted = false;

  private constructor(
    readonly plan: SweepPlan,
    readonly path: string,
  ) {
    this.#values = valuesOf(plan.sweep);
  }

  /**
   * @param path of the sweep, for messages
   * @throws RecipeError or UsageError if the recipe does not have what a parameter names
   */
  static async of(plan: SweepPlan, path: string): Promise<Trials> {
    const trials = new Trials(plan, path);
    // One is made in any case, so that what cannot be is told before anything is done.
    await trials.next();
    if (plan.sweep.budget.trials !== undefined || plan.sweep.method.type === 'grid') while (await trials.next());
    return trials;
  }

  /** Makes another trial; false if there is none. Values that come to the same recipe are one trial. */
  async next(): Promise<boolean> {
    while (!this.#isExhausted) {
      const { value, done } = this.#values.next();
      this.#isExhausted = done === true;
      if (!value) break;
      const trial = await makeTrial(this.plan.base, value, `${this.path}: trial ${this.all.length + 1}`);
      if (this.#hashes.has(trial.hash)) continue;
      this.#hashes.add(trial.hash);
      this.all.push(trial);
      return true;
    }
    return false;
  }

  get rungs(): readonly Rung[] {
    return rungsOf(this.plan.sweep, this.all.length, fullEpochs(this.plan));
  }
}

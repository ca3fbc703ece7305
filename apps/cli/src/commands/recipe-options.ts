/** What a command trains: a recipe, with single values of it set by options. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { quoted } from '@anke/messages';
import { OPTIMIZER_TYPES, type OptimizerType } from '@anke/nn';
import { checkRecipe, didYouMean, type Recipe, type ResolvedRecipe } from '@anke/training';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DATA_KINDS, type DataOptions, dataOptions } from '../data-sets.js';
import type { TuningOptions } from '../device.js';
import { UsageError } from '../errors.js';
import { WEIGHT_FILES, weightsAt } from '../foreign-weights.js';
import { keysOf, setAt } from '../recipe-path.js';
import { readRecipe, type SizeOptions } from '../recipes.js';
import { epochsFor, refuseBesideResume } from '../resume.js';
import { RECIPE_FILE } from '../run-files.js';
import { type AugmentOptions, augmentationOf, augmentOptions } from './augment-options.js';
import { earlierName } from './earlier-names.js';
import type { Operand } from './operands.js';
import { GROUP, natural, positive, positiveNumber, seed, share, sizeOptions, tuningOptions } from './options.js';
import { type AnswerOptions, outOption } from './output.js';

/** What the command line calls each type of optimizer. */
const OPTIMIZERS = Object.fromEntries(OPTIMIZER_TYPES.map((type) => [type.toLowerCase(), type])) as Readonly<
  Record<Lowercase<OptimizerType>, OptimizerType>
>;

interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
}

export interface RecipeOptions extends TuningOptions, AugmentOptions, DataOptions, SizeOptions, AnswerOptions {
  readonly recipe: string;
  readonly set?: readonly Setting[];
  readonly data?: string;
  readonly out?: string;
  readonly seed?: number;
  readonly batchSize?: number;
  readonly storage?: 'float32' | 'float16';
  readonly validationSplit?: number;
  readonly shuffleSplit?: boolean;
  readonly stratified?: boolean;
  readonly validation?: Writers;
  readonly fold?: number;
  readonly from?: string;
  readonly partial?: boolean;
  readonly freezeUntil?: string;
  readonly patience?: number;
  readonly epochs?: number;
  readonly optimizer?: keyof typeof OPTIMIZERS;
  readonly learningRate?: number;
  readonly adamEpochs?: number;
  readonly sgdEpochs?: number;
}

/** `phases.0.epochs=5`: a path in the recipe, and JSON, or else text. */
function setting(text: string, before: readonly Setting[] = []): Setting[] {
  const [, path = '', json = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === '') throw new InvalidArgumentError('It must be a path in the recipe and its value: phases.0.epochs=5.');
  let value: unknown = json;
  try {
    value = JSON.parse(json);
  } catch {
    // Text needs no quotes.
  }
  const keys = keysOf(path);
  if (!keys) throw new InvalidArgumentError('No recipe has such a path: see "anke recipe".');
  return [...before, { path: keys, value }];
}

interface Writers {
  readonly folds: number;
}

/** `writers:5` */
function writers(text: string): Writers {
  const [, folds] = /^writers:(\d+)$/.exec(text) ?? [];
  if (folds === undefined || Number(folds) < 2)
    throw new InvalidArgumentError('It must be writers: and the number of folds, at least 2: writers:5.');
  return { folds: Number(folds) };
}

/** `--set`, which changes single values of a recipe. */
export const settingOption = (): Option =>
  new Option('--set <path=value>', 'another value in the recipe, such as phases.0.epochs=5').argParser(setting);

/** Options that commands which train have in common; those of {@link RecipeOptions} beyond them are theirs. */
export function recipeOptions(command: Command, recipe: string): Command {
  command
    .optionsGroup(GROUP.training)
    .option('--batch-size <n>', 'images in a training step', positive)
    .option('--seed <n>', 'everything random comes from it', seed)
    .addOption(
      new Option(
        '--storage <type>',
        'how activations are kept on the device; sums, weights and gradients are float32 either way',
      ).choices(['float32', 'float16']),
    )
    .optionsGroup(GROUP.model)
    .option(
      '--recipe <name>',
      'data, layers and phases: a built-in one, or a JSON or TypeScript file; with --from RUN, those of the run',
      recipe,
    )
    .addOption(settingOption())
    .option('--from <path>', `weights to begin with: a run, or a file: ${WEIGHT_FILES}`)
    .option('--partial', 'of --from: layers that it does not have keep their first weights')
    .option('--freeze-until <layer>', 'layers before this one stay as they are; it and all behind it are trained');
  earlierName(command, '--weights <file>', 'from');
  sizeOptions(command)
    .optionsGroup(GROUP.data)
    .option('--limit <n>', 'use only the first rows of the training data', positive)
    .option('--validation-split <x>', 'share of the rows, the first ones, held out for validation', share)
    .option('--shuffle-split', 'draw the rows for validation, by the seed, instead of taking the first ones')
    .option('--stratified', 'hold out the same share of each class')
    .addOption(
      new Option('--validation <writers:k>', 'hold out whole writers, in k folds, 1280 rows each')
        .argParser(writers)
        .conflicts(['validationSplit', 'shuffleSplit', 'stratified']),
    );
  augmentOptions(dataOptions(command));
  tuningOptions(command);
  return command.hook('preAction', () => takeRecipeOfRun(command));
}

/** Options of commands that train a single run, which may be resumed, in a folder of its own. */
export function runOptions(command: Command): Command {
  command
    .optionsGroup(GROUP.training)
    .option('--resume <run>', 'resume a run that stopped, as it was begun, or train it for more epochs')
    .optionsGroup(GROUP.data)
    .option('--fold <i>', 'of --validation: the fold that is held out, from 1; default: 1', positive);
  refuseBesideResume(command);
  return outOption(command, 'folder', 'run folder; default: the next free runs/<date>-<recipe>-<n>');
}

/** Where nothing names a recipe, the one of the run that weights come from is taken: they fit its layers. */
function takeRecipeOfRun(command: Command): void {
  const { from } = command.opts<RecipeOptions>();
  if (from === undefined || command.getOptionValueSource('recipe') !== 'default') return;
  const path = join(from, RECIPE_FILE);
  if (existsSync(path)) command.setOptionValueWithSource('recipe', path, 'default');
}

/** Options that say the same of every phase. */
export const phaseOptions = (command: Command): Command =>
  command
    .optionsGroup(GROUP.training)
    .option('--epochs <n>', 'epochs at most', natural)
    .option('--learning-rate <x>', 'step size', positiveNumber)
    .addOption(new Option('--optimizer <name>', 'optimizer').choices(Object.keys(OPTIMIZERS)))
    .option('--patience <n>', 'epochs without a better validation loss before it stops', natural);

/** What a command trains on. */
export const trainingData = (note = ''): Operand => ({
  option: 'data',
  name: 'data',
  description: `labelled images: ${DATA_KINDS}${note}`,
  isOptional: true,
});

/**
 * The recipe that a command is to train: read, changed by the options, checked.
 *
 * @throws CommandError if there is none
 * @throws RecipeError if something in it is wrong
 * @throws UsageError if a layer that an option names is not in it
 */
export async function recipeOf(options: RecipeOptions): Promise<ResolvedRecipe> {
  const recipe = await readRecipe(options.recipe, options);
  // What is there is checked first, so that it is not an option that gets the blame.
  await checkRecipe(recipe, options.recipe);
  const settings = [...settingsOf(options, recipe), ...(options.set ?? [])];
  for (const { path, value } of settings) setAt(recipe, path, value);
  return await checkRecipe(recipe, options.recipe);
}

/** The options that stand for paths in a recipe. */
function settingsOf(options: RecipeOptions, { data, augmentation, layers, phases }: Recipe): Setting[] {
  const settings: Setting[] = [];
  const put = (path: string, value: unknown): void => {
    if (value !== undefined) settings.push({ path: path.split('.'), value });
  };
  put('seed', options.seed);
  put('batchSize', options.batchSize);
  put('storage', options.storage);
  put('data.path', options.data === undefined ? undefined : resolve(options.data));
  for (const name of ['limit', 'imageShape', 'validationSplit', 'shuffleSplit', 'stratified'] as const)
    put(`data.${name}`, options[name]);
  if (options.validation) put('data.writers', { ...data?.writers, ...options.validation });
  put('data.writers.fold', options.fold);
  if (options.from !== undefined) put('weights', { path: resolve(weightsAt(options.from)) });
  if (options.partial) {
    if (options.from === undefined) throw new UsageError('--partial is for --from: name what to take a part of');
    put('weights.partial', true);
  }
  if (options.freezeUntil !== undefined) {
    const first = positionOf(options.freezeUntil, layers);
    layers.forEach(({ trainable }, i) => {
      if (i < first) put(`layers.${i}.trainable`, false);
      else if (trainable === false) put(`layers.${i}.trainable`, true);
    });
  }
  const changes = augmentationOf(options);
  if (Object.keys(changes).length > 0) put('augmentation', { ...augmentation, ...changes });
  phases.forEach(({ optimizer, callbacks = [] }, i) => {
    const type = options.optimizer === undefined ? optimizer.type : OPTIMIZERS[options.optimizer];
    if (type !== optimizer.type) put(`phases.${i}.optimizer`, { type });
    put(`phases.${i}.optimizer.learningRate`, options.learningRate);
    put(`phases.${i}.epochs`, epochsFor(type, options));
    callbacks.forEach((callback, j) => {
      if (callback.type === 'EarlyStopping') put(`phases.${i}.callbacks.${j}.patience`, options.patience);
    });
  });
  return settings;
}

/**
 * Where a layer stands in a recipe.
 *
 * @throws UsageError if none has the name
 */
function positionOf(name: string, layers: Recipe['layers']): number {
  const position = layers.findIndex((layer) => layer.name === name);
  if (position >= 0) return position;
  const names = layers.flatMap((layer) => layer.name ?? []);
  throw new UsageError(`--freeze-until: no layer of the recipe is named ${quoted(name)}${didYouMean(name, names)}`);
}

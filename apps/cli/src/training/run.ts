/**
 * A training as commands run it: what was asked for, in a folder of its own, watched in the terminal, ended by Ctrl-C,
 * and told in a report.
 */
import { join } from 'node:path';
import { type Model, NonFiniteError, SGD } from '@anke/nn';
import { count } from '@anke/report';
import {
  checkPhases,
  makeModel,
  type Phase,
  type ResolvedRecipe,
  type Store,
  type TrainingData,
  train,
  type Warning,
  WEIGHTS_FILE,
} from '@anke/training';
import { generatorOf } from '../commands/augment-options.js';
import { type RecipeOptions, recipeOf } from '../commands/recipe-options.js';
import { type Device, openDevice } from '../device.js';
import { CommandError, explain, Interrupted } from '../errors.js';
import { foreignWeights } from '../foreign-weights.js';
import { quoted } from '../invocation.js';
import { tellParent } from '../parent.js';
import { writeFailure } from '../results.js';
import { configOf, extendedRecipe, optionsOf } from '../resume.js';
import { hasProgress, inFolder } from '../run-files.js';
import { inRunFolder } from '../run-folder.js';
import { Terminal } from '../terminal.js';
import { drawCurves } from './curves.js';
import { interruptible } from './interrupt.js';
import { TrainingView } from './view.js';

/** What a command was asked to train. */
export interface Request {
  readonly command: string;
  readonly options: RecipeOptions;
  readonly terminal: Terminal;
  readonly recipe: ResolvedRecipe;
}

/**
 * What the options say, or, with `--resume RUN`, what that run was asked for.
 *
 * @throws CommandError, RecipeError or UsageError if it makes no sense
 */
export async function requestOf(given: RecipeOptions, command: string): Promise<Request> {
  const options = await optionsOf(given, command);
  const terminal = new Terminal(options);
  const { recipe, remark } =
    options.resume === undefined
      ? { recipe: await recipeOf(options), remark: undefined }
      : await extendedRecipe(options.resume, command, given);
  if (remark) terminal.say(remark);
  generatorOf(recipe.augmentation, recipe.data.validationSplit); // a wrong option is told before anything is read
  return { command, options, terminal, recipe };
}

/** A training in its folder. */
export interface Run {
  readonly terminal: Terminal;
  readonly device: Device;
  readonly folder: string;
  readonly store: Store;
  readonly recipe: ResolvedRecipe;
  readonly data: TrainingData;
  readonly model: Model;
}

/** What came of a training. */
export interface Watched {
  readonly phases: readonly Phase[];
  readonly warnings: readonly Warning[];
}

export interface TrainedRun extends Run, Watched {}

interface Steps {
  /** Says what is trained on what. */
  begin(run: Run): void;
  /** Does what there is to do with the trained model. */
  end(run: TrainedRun): Promise<void>;
}

/** @throws Interrupted if Ctrl-C ended the training; what there was is then saved */
export async function runTraining(request: Request, data: TrainingData, { begin, end }: Steps): Promise<void> {
  const { command, options, terminal, recipe } = request;
  const { shape: inputShape, classes } = data.training;
  // An impossible model, or training of it, is rejected here, before a device is opened.
  const model = makeModel(recipe.layers, { seed: recipe.seed, inputShape, classes, images: data.training });
  checkPhases(recipe, model, classes);
  const device = await openDevice(terminal, options);
  const files = { config: configOf(command, options, device), recipe };
  await inRunFolder(options, recipe.name, files, async (folder, store) => {
    const run: Run = { terminal, device, folder, store, recipe, data, model };
    begin(run);
    if (recipe.weights && !hasProgress(folder)) await giveWeights(run, recipe.weights);
    const { signal, release } = interruptible(terminal);
    let watched: Watched;
    try {
      watched = await watch(run, signal);
      await drawCurves(store, watched.phases);
    } finally {
      release();
    }
    if (signal.aborted) {
      const epochs = watched.phases.reduce((sum, phase) => sum + phase.epochs.length, 0);
      const whole = epochs === 1 ? '1 whole epoch' : `${count(epochs)} whole epochs`;
      const kept =
        epochs === 0
          ? `no epoch was over yet, so nothing that was learned is kept in ${folder}`
          : `the model, the history and the curves of ${whole} are in ${folder}`;
      throw new Interrupted(`interrupted; ${kept}; resume with: anke ${command} --resume ${quoted(folder)}`);
    }
    await end({ ...run, ...watched });
  });
  device.gpu.destroy();
}

/** Gives the model the weights of a file; when a run is resumed from a checkpoint, they are in that. */
async function giveWeights(
  { terminal, device, recipe, model }: Run,
  { path, partial }: NonNullable<ResolvedRecipe['weights']>,
): Promise<void> {
  const { weights, lines, layers } = await foreignWeights(path, model.graph, partial);
  model.compile({ gpu: device.gpu, optimizer: new SGD(), storage: recipe.storage });
  model.setWeights(weights);
  terminal.fact('weights', `of ${layers} layers, from ${path}`);
  for (const line of lines) terminal.say(line);
}

/**
 * Trains, and shows how it goes.
 *
 * @throws CommandError that says how to resume, where a checkpoint is left
 */
export async function watch(run: Run, signal: AbortSignal): Promise<Watched> {
  const { terminal, device, folder, recipe, data } = run;
  const { stepsPerEpoch, batchSize } = recipe;
  const images = stepsPerEpoch === undefined ? data.training.count : stepsPerEpoch * batchSize;
  const view = new TrainingView(terminal, recipe, images, device.report.kind === 'software');
  let phases: readonly Phase[] = [];
  const warnings: Warning[] = [];
  let begun = false;
  const { gpu, report } = device;
  const training = { ...run, gpu, device: report.name, reopen: () => device.reopen(), signal };
  try {
    for await (const event of train(training)) {
      begun = true;
      view.show(event);
      if (event.type === 'epoch') tellParent({ epoch: event.epoch });
      if (event.type === 'warning') warnings.push(event.warning);
      if (event.type === 'done') phases = event.phases;
    }
    return { phases, warnings };
  } catch (error) {
    if (!begun || !hasProgress(folder)) throw inFolder(folder, error);
    const { message } = explain(inFolder(folder, error));
    if (error instanceof NonFiniteError) {
      await writeFailure(run.store, message);
      const kept = `that model is in ${join(folder, WEIGHTS_FILE)}`;
      throw new CommandError(`${message}; ${kept}; resumed, the run would come to the same place again`);
    }
    throw new CommandError(`${message}; the epochs so far are kept: resume with --resume ${folder}`);
  } finally {
    view.close();
  }
}

/** Makes models and callbacks from the parts of a recipe. */
import type { ImageDataset } from '@anke/data';
import {
  balancedClassWeight,
  type Callback,
  type ClassWeight,
  callbacks,
  channelMoments,
  graphFromLayers,
  type LayerDescription,
  type Loss,
  losses,
  type Metric,
  Model,
  metrics,
  type Optimizer,
  optimizers,
  type Shape,
} from '@anke/nn';
import { CSVLogger } from '../callbacks/csv-logger.js';
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import { TensorBoard } from '../callbacks/tensorboard.js';
import { RecipeError } from '../errors.js';
import { samplesOf } from '../samples.js';
import type { Store } from '../store.js';
import type { RecipeCallback, RecipeLayer, RecipePhase, ResolvedRecipe, Schedule } from './schema.js';

/** What a model is made for. */
export interface ModelMaking {
  readonly seed: number;
  readonly inputShape: Shape;
  readonly classes: number;
  /** A `Normalization` at the beginning that names no numbers takes these images' own; 0 and 1 without them. */
  readonly images?: ImageDataset | undefined;
}

/**
 * The layers as a model that learns to tell so many classes apart.
 *
 * @throws RecipeError if a `Normalization` behind another layer names no numbers
 * @throws ModelError, ShapeError or FormatError if a layer cannot take its inputs, or names one that there is not
 */
export function makeModel(layers: readonly RecipeLayer[], { seed, inputShape, classes, images }: ModelMaking): Model {
  const described = layers.map((layer, i): LayerDescription => {
    if (layer.type === 'Normalization') return i === 0 ? adapted(layer, images) : requireNumbers(layer);
    return 'units' in layer && layer.units === 'classes' ? { ...layer, units: classes } : layer;
  });
  return Model.of(graphFromLayers(described, { seed, inputShape }));
}

type NormalizationLayer = Extract<RecipeLayer, { type: 'Normalization' }>;

const namesNumbers = ({ mean, variance }: NormalizationLayer): boolean => mean !== undefined || variance !== undefined;

/** Keras's `adapt`, but that a channel of a single value has variance 1: its result is 0 either way. */
function adapted(layer: NormalizationLayer, images: ImageDataset | undefined): LayerDescription {
  if (namesNumbers(layer) || !images) return layer;
  const { mean, variance } = channelMoments(samplesOf(images));
  return { ...layer, mean, variance: variance.map((value) => value || 1) };
}

function requireNumbers(layer: NormalizationLayer): LayerDescription {
  if (namesNumbers(layer)) return layer;
  throw new RecipeError(
    `${layer.name ?? 'a Normalization'}: behind other layers, its mean and variance must be given; ` +
      'as the first layer, it takes those of the training images',
  );
}

export const makeOptimizer = ({ type, ...options }: RecipePhase['optimizer']): Optimizer => optimizers[type](options);

/** What a model is compiled with to learn by a recipe, beside the optimizer. */
export interface Goal {
  readonly loss: Loss;
  readonly metrics?: readonly Metric[];
}

/** @throws ModelError if an option makes no sense */
export function makeGoal({
  loss: { type, ...options },
  metrics: asked,
}: Pick<ResolvedRecipe, 'loss' | 'metrics'>): Goal {
  const loss = losses[type](options);
  return asked ? { loss, metrics: asked.map(({ type: of, ...its }) => metrics[of](its)) } : { loss };
}

/** The factors of the classes in the loss, if there are any. */
export function classWeightOf(
  { classWeight }: Pick<ResolvedRecipe, 'classWeight'>,
  { labels = new Uint32Array(), classes }: ImageDataset,
): ClassWeight | undefined {
  return classWeight === 'balanced' ? balancedClassWeight(labels, classes) : classWeight;
}

/** The rate of an epoch, counted from 0, for a phase that begins with `base`. */
export function scheduledRate(schedule: Schedule, base: number, epoch: number): number {
  switch (schedule.type) {
    case 'exponential':
      return base * schedule.factor ** epoch;
    case 'step':
      return base * schedule.factor ** Math.floor(epoch / schedule.every);
    case 'cosine': {
      // Loshchilov and Hutter, «SGDR», equation 5, without restarts.
      const share = Math.min(epoch / schedule.epochs, 1);
      return schedule.to + ((base - schedule.to) * (1 + Math.cos(Math.PI * share))) / 2;
    }
    case 'list':
      return schedule.rates[Math.min(epoch, schedule.rates.length - 1)] as number;
  }
}

/** A phase's callbacks; what they write goes into the run's store. */
export const makeCallbacks = (phase: RecipePhase, store: Store): Callback[] =>
  phase.callbacks.map((callback) => MAKERS[callback.type](callback as never, phase, store));

type Maker<C> = (callback: C, phase: RecipePhase, store: Store) => Callback;

/** How each type of callback is made of its description. */
const MAKERS: { readonly [T in RecipeCallback['type']]: Maker<Extract<RecipeCallback, { type: T }>> } = {
  EarlyStopping: (options) => callbacks.EarlyStopping(options),
  ReduceLROnPlateau: (options) => callbacks.ReduceLROnPlateau(options),
  LearningRateScheduler: ({ schedule }, { optimizer }) => {
    const { learningRate } = makeOptimizer(optimizer);
    return callbacks.LearningRateScheduler({ schedule: (epoch) => scheduledRate(schedule, learningRate, epoch) });
  },
  TerminateOnNaN: () => callbacks.TerminateOnNaN(),
  ModelCheckpoint: (options, { name = '' }, store) => new ModelCheckpoint(store, { ...options, phase: name }),
  CSVLogger: ({ filename, separator }, { name = '' }, store) =>
    new CSVLogger(store, { filename: filename.replaceAll('{phase}', name), separator }),
  TensorBoard: ({ logDir }, { name = '' }, store) => new TensorBoard(store, { logDir: `${logDir}/${name}` }),
};

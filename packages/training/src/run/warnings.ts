/** What cannot make a good model, or has not made one: said, as a training that ends without an error looks right. */
import { BatchNormalization, type Model } from '@anke/nn';
import type { ResolvedRecipe } from '../recipe/schema.js';
import { hasDiverged } from './divergence.js';
import type { EpochRecord, Phase, Warning } from './events.js';
import type { TrainingData } from './training.js';

/** Accuracy by which validation is far behind training. */
const FAR = 0.2;
/**
 * After so many times 1 / (1 − momentum) steps, less than a hundredth of a moving average is its first value, and most
 * of the rest is of late.
 */
const GROWN = 5;

/** What a training is judged by. */
export interface Judged {
  readonly recipe: ResolvedRecipe;
  readonly model: Pick<Model, 'graph'>;
  readonly data: Pick<TrainingData, 'training' | 'validation'>;
}

/** What is known before the first step. */
export function warningsBefore(judged: Judged): Warning[] {
  const { recipe, data } = judged;
  const { training, validation } = data;
  const { limit = 0 } = recipe.data;
  const epochs = recipe.phases.reduce((sum, phase) => sum + phase.epochs, 0);
  const images = training.count + validation.count;
  const classes = new Set(training.labels).size;
  const steps = epochs * stepsOf(judged);
  const { momentum, memory } = slowestAverage(judged.model);
  const found: (Warning | false)[] = [
    epochs === 0 && { kind: 'noEpochs', message: 'no epoch is asked for: the weights stay as they are' },
    classes < 2 && {
      kind: 'oneClass',
      message: 'all images to train on are of one class: whatever the model learns, it will always be right',
    },
    limit > images && {
      kind: 'limitAboveImages',
      message: `a limit of ${limit} images changes nothing: there are ${images}`,
    },
    recipe.batchSize > training.count &&
      recipe.stepsPerEpoch === undefined && {
        kind: 'batchAboveImages',
        message:
          `a batch of ${recipe.batchSize} is more than the ${training.count} images to train on: ` +
          'an epoch is a single step; smaller batches learn more in it',
      },
    epochs > 0 &&
      steps < memory && {
        kind: 'fewSteps',
        message:
          `${steps} steps are few for batch normalization with momentum ${momentum}, whose averages take ${memory}: ` +
          `predictions may be near chance; ${remedy(momentum)}`,
      },
  ];
  return found.filter((warning) => warning !== false);
}

/** @param records of the phase's epochs so far; told once, when the loss is lost */
export function warningOfEpoch(records: readonly EpochRecord[], { recipe, data }: Judged): Warning | undefined {
  if (!hasDiverged(records, recipe) || hasDiverged(records.slice(0, -1), recipe)) return undefined;
  const guessing = Math.log(Math.max(2, data.training.classes));
  const { loss, learning_rate: rate } = records.at(-1) as EpochRecord;
  return {
    kind: 'diverged',
    message:
      `the loss is ${loss?.toPrecision(3)}, far above the ${guessing.toFixed(1)} of guessing: the training has ` +
      `diverged; a lower learning rate than ${rate} may help`,
  };
}

/** @param phases so far, of which the last one has just ended */
export function warningOfPhase(phases: readonly Phase[], judged: Judged): Warning | undefined {
  const { accuracy, val_accuracy: validated } = phases.at(-1)?.epochs.at(-1) ?? ({} as Partial<EpochRecord>);
  const { momentum, memory } = slowestAverage(judged.model);
  const steps = stepsOf(judged) * phases.reduce((sum, { epochs }) => sum + epochs.length, 0);
  if (accuracy === undefined || validated === undefined || accuracy - validated < FAR) return undefined;
  if (steps >= GROWN * memory) return undefined;
  return {
    kind: 'lagging',
    message:
      `validation is far behind training (accuracy ${percent(validated)} against ${percent(accuracy)}): ` +
      `${steps} steps are few for batch normalization's averages with momentum ${momentum}; ${remedy(momentum)}`,
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;

const remedy = (momentum: number): string =>
  momentum > 0.9 ? 'more epochs, or a momentum of 0.9 as in the recipe "small", help' : 'more epochs help';

/** Steps of an epoch. */
const stepsOf = ({ recipe, data }: Judged): number =>
  recipe.stepsPerEpoch ?? Math.ceil(data.training.count / recipe.batchSize);

/**
 * The largest momentum of the trained batch normalizations, and the steps that its moving averages remember, about
 * 1 / (1 − momentum); zeros if there are none, or they never move.
 */
function slowestAverage({ graph }: Judged['model']): { readonly momentum: number; readonly memory: number } {
  const momenta = graph.layers.flatMap(({ layer }) => {
    if (!(layer instanceof BatchNormalization) || !layer.trainable) return [];
    return layer.options.momentum ?? 0.99;
  });
  const momentum = Math.max(0, ...momenta.filter((one) => one < 1));
  return { momentum, memory: momentum === 0 ? 0 : Math.round(1 / (1 - momentum)) };
}

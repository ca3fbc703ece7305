/** The images that a run trains on: synthetic digits, or what people have dropped on the page. */
import { type ImageDataset, inspect, pixelStatistics } from '@anke/data';
import { type ResolvedRecipe, type TrainingData, trainingDataOf } from '@anke/training';
import type { DataFacts, Picture } from '../protocol.js';
import { drawDigits, SYNTHETIC } from './digits.js';
import { pictureOf } from './look.js';

/** What was read from dropped files. */
export interface OwnData {
  readonly name: string;
  readonly train: ImageDataset;
  readonly validation: ImageDataset | undefined;
}

/** Digits that are drawn where a recipe names no limit. */
const DIGITS = 2_000;
/** Images whose edges are lighter than this show dark ink on light paper. */
const LIGHT = 127;
/** An inspection looks at no more rows than these: it takes a second for 60,000. */
const MOST_INSPECTED = 20_000;

/**
 * The images of a recipe's run, some of them held out for validation.
 *
 * @throws DataError or ParameterError if they cannot be parted, or the augmentation makes no sense
 */
export async function runData(
  recipe: ResolvedRecipe,
  own: OwnData | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<TrainingData> {
  const { limit } = recipe.data;
  if (own)
    return trainingDataOf(
      recipe,
      own.train.slice(0, Math.min(limit ?? own.train.count, own.train.count)),
      own.validation,
    );
  const digits = limit ?? DIGITS;
  return trainingDataOf(recipe, await drawDigits(digits, recipe.seed, (done) => onProgress(done, digits)));
}

const nameOf = ({ classNames }: ImageDataset, label: number): string => classNames?.[label] ?? String(label);

export function dataFacts({ training, validation }: TrainingData, own: OwnData | undefined): DataFacts {
  const { labels = new Uint32Array(), classes, shape } = training;
  const rows = Array.from({ length: classes }, (_, label) => labels.indexOf(label));
  return {
    name: own?.name ?? SYNTHETIC,
    synthetic: own === undefined,
    training: training.count,
    validation: validation.count,
    shape,
    classNames: Array.from({ length: classes }, (_, label) => nameOf(training, label)),
    darkInk: pixelStatistics(training).border > LIGHT,
    examples: rows.map((row): Picture | undefined => (row < 0 ? undefined : pictureOf(training, row))),
    warnings: own ? warningsOf(training) : [],
  };
}

function warningsOf(training: ImageDataset): string[] {
  const {
    classes = [],
    duplicates,
    contradictions,
    constant,
  } = inspect(training.slice(0, Math.min(MOST_INSPECTED, training.count)));
  const empty = classes.filter(({ images }) => images === 0).map(({ name }) => name);
  return [
    ...(empty.length > 0 ? [`No image is of class ${empty.join(', ')}.`] : []),
    ...(duplicates > 0 ? [`${duplicates} images are like an earlier one, pixel by pixel.`] : []),
    ...(contradictions.length > 0 ? [`${contradictions.length} pairs of equal images have different labels.`] : []),
    ...(constant.length > 0 ? [`${constant.length} images are of one colour.`] : []),
  ];
}

/** The built-in recipes. */
import {
  type Graph,
  GrayscaleToRGB,
  input,
  Model,
  mobileNetV2,
  type Node,
  notebookCnn,
  preprocessMobileNetV2,
  Resizing,
  vgg16,
} from '@anke/nn';
import { RecipeError } from '../errors.js';
import type { Recipe } from './schema.js';

/** What a built-in recipe is made for, where its model comes in several sizes. */
export interface ModelSize {
  /** Height and width that images are scaled to on their way into the model; 224 if absent. */
  readonly imageSize?: number | undefined;
  /** Factor of the model's widths; 1 if absent. */
  readonly alpha?: number | undefined;
  /** Channels of the images: 1, which are repeated, or 3; 1 if absent. */
  readonly channels?: number | undefined;
}

const stopping = { type: 'EarlyStopping', patience: 3, restoreBestWeights: true } as const;
const adam: Recipe['phases'][number] = { optimizer: { type: 'Adam' }, epochs: 20, callbacks: [stopping] };
const sgd: Recipe['phases'][number] = { optimizer: { type: 'SGD' }, epochs: 25, callbacks: [stopping] };

/** A graph's layers, for as many classes as the data has. */
const layersOf = (graph: Graph): Recipe['layers'] =>
  Model.of(graph)
    .description()
    .layers.map((layer, i, { length }) =>
      i === length - 1 ? { ...layer, units: 'classes' } : layer,
    ) as Recipe['layers'];

/** The notebook's images, which its loader has scaled to 0 … 1, as RGB images of another size. */
function resized({ imageSize = 224, channels = 1 }: ModelSize): Node {
  const images = new Resizing({ name: 'resize', height: imageSize, width: imageSize }).apply(input([28, 28, channels]));
  return channels === 3 ? images : new GrayscaleToRGB({ name: 'rgb' }).apply(images);
}

const notebook = (): Recipe => ({
  name: 'notebook',
  description: 'The Kannada-MNIST notebook: its CNN, Adam, then SGD from the best weights',
  layers: layersOf(notebookCnn([28, 28, 1])),
  phases: [adam, sgd],
});

const cnn = (): Recipe => ({
  name: 'cnn',
  description: 'The notebook’s CNN, trained with Adam alone',
  layers: layersOf(notebookCnn([28, 28, 1])),
  phases: [adam],
});

/** A block of {@link small} and {@link fast}: its batch normalization follows a training of a few hundred steps. */
const block = (filters: number, padding: 'same' | 'valid' = 'same'): Recipe['layers'] => [
  { type: 'Conv2D', filters, kernelSize: 3, padding, activation: 'relu' },
  { type: 'BatchNormalization', momentum: 0.9 },
];
const pooled: Recipe['layers'][number] = { type: 'MaxPooling2D', poolSize: 2 };

const small = (): Recipe => ({
  name: 'small',
  description:
    'A CNN for some hundred pictures of one’s own, of any size and colour. It goes by what is anywhere in a picture, ' +
    'which is turned, moved and scaled a little each time; small batches make many steps of few images',
  batchSize: 16,
  augmentation: { rotationRange: 10, widthShiftRange: 0.1, heightShiftRange: 0.1, zoomRange: 0.1 },
  layers: [
    ...[16, 32, 64].flatMap((filters) => [...block(filters), pooled]),
    ...block(64),
    { type: 'GlobalMaxPooling2D' },
    { type: 'Dropout', rate: 0.25 },
    { type: 'Dense', units: 'classes', activation: 'softmax' },
  ],
  phases: [
    {
      optimizer: { type: 'Adam', learningRate: 0.003 },
      epochs: 30,
      callbacks: [
        { type: 'ReduceLROnPlateau', factor: 0.5, patience: 3 },
        { type: 'EarlyStopping', patience: 8, restoreBestWeights: true },
      ],
    },
  ],
});

/** Epochs and steps of {@link fast}: together, one cycle of the learning rate. */
const fastEpochs = 2;
const fastSteps = 250;

const fast = (): Recipe => ({
  name: 'fast',
  description:
    'A small CNN in 500 steps, however many images there are: for 97% of Kannada-MNIST as soon as possible. Its ' +
    'learning rate rises high and falls to almost nothing once, and smoothed labels let it generalize',
  batchSize: 64,
  stepsPerEpoch: fastSteps,
  loss: { type: 'SparseCategoricalCrossentropy', labelSmoothing: 0.1 },
  layers: [
    ...[16, 32].flatMap((filters) => [...block(filters, 'valid'), pooled]),
    ...block(64, 'valid'),
    { type: 'Flatten' },
    { type: 'Dropout', rate: 0.2 },
    { type: 'Dense', units: 'classes', activation: 'softmax' },
  ],
  phases: [
    {
      optimizer: {
        type: 'Adam',
        learningRate: { type: 'oneCycle', maxLearningRate: 0.02, totalSteps: fastEpochs * fastSteps },
      },
      epochs: fastEpochs,
    },
  ],
});

const mobilenetv2 = (size: ModelSize): Recipe => ({
  name: 'mobilenetv2',
  description:
    'keras.applications.MobileNetV2: Adam, then SGD from the best weights. The momentum of its averages is 0.9: ' +
    'Keras’s 0.999 leaves them near where they began for thousands of steps, and predictions near chance',
  layers: layersOf(
    mobileNetV2({
      inputTensor: preprocessMobileNetV2(resized(size), 1),
      momentum: 0.9,
      ...(size.alpha === undefined ? {} : { alpha: size.alpha }),
    }),
  ),
  phases: [adam, sgd],
});

const vgg = (size: ModelSize): Recipe => ({
  name: 'vgg16',
  description:
    'keras.applications.VGG16: Adam, then SGD from the best weights. Adam’s rate is 0.0001: nothing in the model ' +
    'normalizes, and at 0.001 it may stay at chance for many epochs',
  layers: layersOf(vgg16({ inputTensor: resized(size), ...(size.alpha === undefined ? {} : { alpha: size.alpha }) })),
  phases: [{ ...adam, optimizer: { type: 'Adam', learningRate: 1e-4 } }, sgd],
});

const FIXED: Readonly<Record<string, () => Recipe>> = { notebook, cnn, small, fast };
const SIZED: Readonly<Record<string, (size: ModelSize) => Recipe>> = { mobilenetv2, vgg16: vgg };

export const SHIPPED_NAMES: readonly string[] = [...Object.keys(FIXED), ...Object.keys(SIZED)];

/**
 * A built-in recipe by its name; undefined if there is none.
 *
 * @throws RecipeError if its model comes in one size only, and another is asked for
 * @throws ModelError if there is no model of that size
 */
export function shippedRecipe(name: string, size: ModelSize = {}): Recipe | undefined {
  if (Object.hasOwn(SIZED, name)) return SIZED[name]?.(size);
  if (!Object.hasOwn(FIXED, name)) return undefined;
  if (size.imageSize !== undefined || size.alpha !== undefined)
    throw new RecipeError(`${name}: ${noSize(Object.keys(SIZED))}`);
  return FIXED[name]?.();
}

/** Why a recipe takes no image size. */
export const noSize = (sized: readonly string[] = Object.keys(SIZED)): string =>
  `an image size and alpha are for the built-in recipes ${sized.join(' and ')}; others name sizes in their layers`;

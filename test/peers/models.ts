/** The models that are compared. One graph describes each for all engines. */
import { type Graph, initialValues, mobileNetV2, notebookCnn, vgg16 } from '../../packages/nn/dist/index.js';

export interface Model {
  /** Side of the square images, if it is not given. */
  readonly imageSize: number;
  readonly channels: number;
  make(size: number): Graph;
}

const CLASSES = 10;

export const MODELS = {
  notebook: { imageSize: 28, channels: 1, make: (size) => notebookCnn([size, size, 1], { seed: 1 }) },
  /** A width of 0.35, Keras's narrowest. */
  mobilenetv2: {
    imageSize: 64,
    channels: 3,
    make: (size) => mobileNetV2({ inputShape: [size, size, 3], alpha: 0.35, classes: CLASSES, seed: 1 }),
  },
  vgg16: {
    imageSize: 32,
    channels: 3,
    make: (size) => vgg16({ inputShape: [size, size, 3], classes: CLASSES, seed: 1 }),
  },
} as const satisfies Record<string, Model>;

/** First values of all weights, by `layer/weight`. */
export const firstWeights = ({ layers, seed }: Graph): Map<string, { shape: number[]; values: Float32Array }> =>
  new Map(
    layers.flatMap((layer) =>
      layer.weights.map(({ name, shape, initializer }) => {
        const full = `${layer.name}/${name}`;
        return [full, { shape: [...shape], values: initialValues(initializer, shape, seed, full) }] as const;
      }),
    ),
  );

/** The models that are compared. One graph describes each for all engines. */
import {
  describeGraph,
  type Graph,
  graphFromLayers,
  initialValues,
  mobileNetV2,
  notebookCnn,
  vgg16,
} from '../../packages/nn/dist/index.js';

export interface Model {
  /** Side of the square images, if it is not given. */
  readonly imageSize: number;
  make(size: number): Graph;
}

const CLASSES = 10;

export const MODELS = {
  notebook: { imageSize: 28, make: (size) => notebookCnn([size, size, 1], { seed: 1 }) },
  /** A width of 0.35, Keras's narrowest. */
  mobilenetv2: {
    imageSize: 64,
    make: (size) => mobileNetV2({ inputShape: [size, size, 3], alpha: 0.35, classes: CLASSES, seed: 1 }),
  },
  vgg16: { imageSize: 32, make: vggOf },
} as const satisfies Record<string, Model>;

/**
 * VGG16 with dense layers of 512 units, as it is used for small images: with its own 4,096, its weights are more than
 * the 128 MiB that lavapipe binds as one array.
 */
function vggOf(size: number): Graph {
  const body = describeGraph(vgg16({ inputShape: [size, size, 3], includeTop: false }));
  const top = [
    { type: 'Flatten', name: 'flatten' },
    { type: 'Dense', name: 'fc1', units: 512, activation: 'relu' },
    { type: 'Dense', name: 'fc2', units: 512, activation: 'relu' },
    { type: 'Dense', name: 'predictions', units: CLASSES, activation: 'softmax' },
  ];
  return graphFromLayers([...body.layers, ...top], { inputShape: [size, size, 3], seed: 1 });
}

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

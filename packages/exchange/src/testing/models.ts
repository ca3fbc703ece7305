/** Models on a device, with weights that tell them apart, and images for them. */
import { openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import {
  Activation,
  Add,
  Average,
  AveragePooling2D,
  BatchNormalization,
  CaffePreprocessing,
  Concatenate,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  ELU,
  Flatten,
  GaussianNoise,
  GELU,
  GlobalAveragePooling2D,
  GlobalMaxPooling2D,
  Graph,
  GrayscaleToRGB,
  input,
  LayerNormalization,
  LeakyReLU,
  l2,
  MaxPooling2D,
  Model,
  Multiply,
  type Node,
  Normalization,
  ReLU,
  Rescaling,
  Reshape,
  Resizing,
  type Samples,
  SeparableConv2D,
  SGD,
  SpatialDropout2D,
  sizeOf,
  UpSampling2D,
  type WeightValues,
  ZeroPadding2D,
} from '@anke/nn';
import { Random } from '@anke/random';
import { afterAll, beforeAll } from 'vitest';

/** Opens the device for the tests of a file; call the result inside a test. */
export function useGpu(): () => Gpu {
  let gpu: Gpu | undefined;
  beforeAll(async () => {
    gpu = await Gpu.open((await openAdapter(console.log)).adapter);
  });
  afterAll(() => gpu?.destroy());
  return () => {
    if (!gpu) throw new Error('the device is open only while tests run');
    return gpu;
  };
}

/** Weights of every name, none of them as it begins. */
export function randomWeights({ layers }: Graph): Map<string, WeightValues> {
  const random = new Random(7, 'weights');
  const weights = layers.flatMap((layer) =>
    layer.weights.map(({ name, shape }): [string, WeightValues] => {
      const [low, high] = ['gamma', 'variance', 'moving_variance'].includes(name) ? [0.5, 1.5] : [-0.5, 0.5];
      const values = Float32Array.from({ length: sizeOf(shape) }, () => random.between(low, high));
      return [`${layer.name}/${name}`, { shape, values }];
    }),
  );
  return new Map(weights);
}

/** Random images. */
export function randomImages({ inputShape: shape }: Graph, count: number): Samples {
  const random = new Random(3, 'images');
  const pixels = Uint8Array.from({ length: count * sizeOf(shape) }, () => random.integer(256));
  return { pixels, labels: new Uint8Array(count), shape, rescale: 1 / 255 };
}

/** What Anke itself predicts. */
export async function predictions(
  gpu: Gpu,
  graph: Graph,
  weights: ReadonlyMap<string, WeightValues>,
  samples: Samples,
): Promise<Float32Array> {
  const model = Model.of(graph);
  model.compile({ gpu, optimizer: new SGD() });
  model.setWeights(weights);
  const result = await model.predict(samples);
  model.destroy();
  return result;
}

/** A classifier of what a node gives. */
const classified = (x: Node, end: Node, classes = 4): Graph =>
  new Graph(x, new Dense({ units: classes, activation: 'softmax' }).apply(end));

/** Every type of layer, each at least once on a branch: paths of several lengths, added and joined. */
export function branches(): Graph {
  const x = input([13, 11, 1], 'image');
  const larger = new UpSampling2D({ size: [1, 2] }).apply(new GaussianNoise({ stddev: 0.1 }).apply(x));
  const turned = new Reshape({ targetShape: [22, -1, 1] }).apply(larger);
  const coloured = new GrayscaleToRGB({}).apply(new Rescaling({ scale: 2, offset: -1 }).apply(turned));
  const caffe = new CaffePreprocessing({ largest: 2 }).apply(coloured);
  const resized = new Resizing({ height: 16, width: 9 }).apply(new Rescaling({ scale: 1 / 128 }).apply(caffe));
  const padding = [
    [0, 1],
    [2, 0],
  ] as const;
  const padded = new ZeroPadding2D({ padding }).apply(resized);
  const options = { kernelSize: [3, 2], strides: [2, 1], padding: 'same', useBias: false } as const;
  const stem = new Conv2D({ filters: 4, ...options, name: 'stem', trainable: false }).apply(padded);
  const normal = new Normalization({ mean: [0.1, 0.2, 0, -1], variance: 0.5 }).apply(stem);
  const relu6 = new ReLU({ maxValue: 1.5 }).apply(new BatchNormalization({}).apply(normal));
  const depthwise = new DepthwiseConv2D({ kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'relu' });
  const wide = new BatchNormalization({ epsilon: 0.01 }).apply(depthwise.apply(relu6));
  const shared = new Conv2D({ filters: 4, kernelSize: 1, kernelRegularizer: l2(0.1), name: 'shared' });
  const narrow = new Conv2D({ filters: 4, kernelSize: 2, padding: 'same' }).apply(wide);
  const sum = new Add({}).apply(relu6, shared.apply(narrow), shared.apply(relu6));
  const separable = new SeparableConv2D({ filters: 4, kernelSize: 3, padding: 'same', depthMultiplier: 2 });
  const mean = new Average().apply(sum, new SpatialDropout2D({ rate: 0.5 }).apply(separable.apply(relu6)));
  const gate = new Dense({ units: 4, activation: 'sigmoid' }).apply(new GlobalMaxPooling2D().apply(mean));
  const gated = new Multiply().apply(mean, gate);
  const joined = new Concatenate({}).apply(wide, new Activation({ activation: 'relu' }).apply(gated), stem);
  const most = new MaxPooling2D({ poolSize: [3, 2], strides: 2, padding: 'same' }).apply(joined);
  const pooling = new AveragePooling2D({ poolSize: 3, strides: 2, padding: 'same' });
  const pooled = new Concatenate({}).apply(most, pooling.apply(joined));
  const means = new GlobalAveragePooling2D({}).apply(new ReLU({ negativeSlope: 0.2 }).apply(joined));
  const rows = [
    new ELU().apply(new Flatten({}).apply(new Dropout({ rate: 0.5 }).apply(pooled))),
    new GELU().apply(new LeakyReLU().apply(means)),
  ];
  const features = new LayerNormalization().apply(new Concatenate({}).apply(...rows));
  return classified(x, new Dense({ units: 6, useBias: false }).apply(features));
}

/** A stack with a layer under test on images of (height, width, channels). */
export function around(layer: (x: Node) => Node, shape: readonly [number, number, number]): Graph {
  const x = input(shape);
  return classified(x, new Flatten({}).apply(layer(x)));
}

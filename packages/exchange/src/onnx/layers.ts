/** What becomes of each type of layer in ONNX. */
import { float, int, ints, text } from './attributes.js';
import type { OnnxAttribute } from './format.js';
import type { GraphWriter } from './graph-writer.js';

/** A layer that is to be written. */
export interface OnnxLayer {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputShape: readonly number[];
}

const pair = (value: unknown, otherwise: number | readonly number[]): readonly number[] => {
  const given = (value ?? otherwise) as number | readonly number[];
  return typeof given === 'number' ? [given, given] : given;
};

/** Size, strides and padding of a convolution's or a pooling's window. */
const windowOf = (
  config: OnnxLayer['config'],
  size: readonly number[],
  strides: number | readonly number[],
): OnnxAttribute[] => [
  ints('kernel_shape', size),
  ints('strides', pair(config['strides'], strides)),
  text('auto_pad', config['padding'] === 'same' ? 'SAME_UPPER' : 'VALID'),
];

function activate(graph: GraphWriter, { name, config }: OnnxLayer): void {
  if (config['activation'] === 'relu') graph.add('Relu', `${name}/relu`);
  if (config['activation'] !== 'softmax') return;
  graph.order('channelsLast', name);
  graph.add('Softmax', `${name}/softmax`, { attributes: [int('axis', -1)] });
}

/** A table by type of layer. */
export const ONNX_LAYERS: Readonly<Record<string, (graph: GraphWriter, layer: OnnxLayer) => void>> = {
  Conv2D: (graph, layer) => {
    const { name, config } = layer;
    graph.order('channelsFirst', name);
    graph.add('Conv', name, {
      weights: ['kernel', 'bias'],
      attributes: windowOf(config, pair(config['kernelSize'], 1), 1),
    });
    activate(graph, layer);
  },
  MaxPooling2D: (graph, { name, config }) => {
    const size = pair(config['poolSize'], 2);
    graph.order('channelsFirst', name);
    graph.add('MaxPool', name, { attributes: windowOf(config, size, size) });
  },
  BatchNormalization: (graph, { name, config, inputShape }) => {
    if (inputShape.length === 3) graph.order('channelsFirst', name);
    graph.add('BatchNormalization', name, {
      weights: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
      attributes: [float('epsilon', (config['epsilon'] as number | undefined) ?? 1e-3)],
    });
  },
  Flatten: (graph, { name }) => {
    graph.order('channelsLast', name);
    graph.add('Flatten', name, { attributes: [int('axis', 1)] });
  },
  Dense: (graph, layer) => {
    graph.add('Gemm', layer.name, { weights: ['kernel', 'bias'] });
    activate(graph, layer);
  },
  Activation: activate,
  // Does nothing when a model predicts.
  Dropout: () => undefined,
};

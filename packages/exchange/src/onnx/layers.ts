/** What becomes of each type of layer in ONNX. */
import { caffeScale, type LayerOptions, type LayerOptionsOf, type LayerType, NORMALIZATION_EPSILON } from '@anke/nn';
import { pair } from '../options.js';
import { activated, clipped, elu, gelu, geluTanh, leaky, type Writing } from './activations.js';
import { float, int } from './attributes.js';
import type { OnnxAttribute } from './format.js';
import { channelAxis, type GraphWriter, type Value } from './graph-writer.js';
import { layerNormalization } from './layer-normalization.js';
import { CONVOLUTION, DEPTHWISE, type KernelLayout } from './order.js';
import { product } from './product.js';
import { pad, resample } from './resampling.js';
import { type OnnxLayer, type OnnxSource, only } from './source.js';
import { windowAttributes } from './windows.js';

/** Inputs whose elements belong together: all have their channels where the first of them has. */
function alike(graph: GraphWriter, { inputs }: OnnxSource): readonly Value[] {
  const first = inputs[0] as Value;
  return inputs.map((value) => graph.inOrder(value, first.order));
}

/** A layer that changes each element by itself. */
function pointwise(graph: GraphWriter, source: OnnxSource, writing: Writing): Value {
  const value = only(source);
  return { ...value, name: writing(graph, value, source.name) };
}

/** A node that needs the channels first. */
function channelsFirst(graph: GraphWriter, opType: string, source: OnnxSource, operands: Operands): Value {
  const value = graph.inOrder(only(source), 'channelsFirst');
  const { weights = [], attributes = [] } = operands;
  return { ...value, name: graph.add(opType, source.name, [value.name, ...weights], attributes) };
}

/** The name of a number for each channel, of an operand that ONNX does not let be left out. */
const inAllChannels = (graph: GraphWriter, { name, inputShape }: OnnxSource, what: string, value: number): string =>
  graph.floats(`${name}/${what}`, new Float32Array(inputShape.at(-1) as number).fill(value));

/** What a node has besides its input. */
interface Operands {
  readonly weights?: readonly string[];
  readonly attributes?: readonly OnnxAttribute[];
}

/** The names of kernel and bias. */
const kernelAndBias = (
  graph: GraphWriter,
  { layerName, options: { useBias = true } }: OnnxSource<LayerOptions & { readonly useBias?: boolean }>,
  layout?: KernelLayout,
): string[] => [graph.weight(layerName, 'kernel', layout), ...(useBias ? [graph.weight(layerName, 'bias')] : [])];

function pool(graph: GraphWriter, opType: string, source: OnnxSource<LayerOptionsOf<'MaxPooling2D'>>): Value {
  const { inputShape, options } = source;
  const { poolSize = 2, strides = poolSize, padding } = options;
  const attributes = windowAttributes(inputShape, { size: pair(poolSize), strides: pair(strides), padding });
  // What pads the border does not count in a mean; in a maximum it never does.
  const counted = opType === 'AveragePool' ? [int('count_include_pad', 0)] : [];
  return channelsFirst(graph, opType, source, { attributes: [...attributes, ...counted] });
}

/** A convolution with its activation, in so many groups. */
function convolution(
  graph: GraphWriter,
  source: OnnxSource<LayerOptionsOf<'DepthwiseConv2D'>>,
  layout: KernelLayout,
  groups: number,
): Value {
  const { name, inputShape, options } = source;
  const { kernelSize, strides = 1, padding, dilationRate = 1, activation } = options;
  const weights = kernelAndBias(graph, source, layout);
  const window = { size: pair(kernelSize), strides: pair(strides), padding, dilations: pair(dilationRate) };
  const attributes = [...windowAttributes(inputShape, window), int('group', groups)];
  const product = channelsFirst(graph, 'Conv', source, { weights, attributes });
  return activated(graph, product, `${name}/activation`, activation);
}

/** A number for each channel of an image. */
function globalPool(graph: GraphWriter, opType: string, source: OnnxSource): Value {
  const { name } = channelsFirst(graph, opType, source, {});
  return row(graph.add('Flatten', `${source.name}/row`, [name], [int('axis', 1)]));
}

export const ONNX_LAYERS = {
  Activation: {
    write: (graph, source) => activated(graph, only(source), source.name, source.options.activation),
  },
  Add: {
    write(graph, source) {
      const [first, ...others] = alike(graph, source) as [Value, ...Value[]];
      const sum = others.reduce((name, value) => graph.add('Add', source.name, [name, value.name]), first.name);
      return { ...first, name: sum };
    },
  },
  Average: {
    write(graph, source) {
      const values = alike(graph, source) as [Value, ...Value[]];
      const inputs = values.map(({ name }) => name);
      return { ...values[0], name: graph.add('Mean', source.name, inputs) };
    },
  },
  AveragePooling2D: { write: (graph, source) => pool(graph, 'AveragePool', source) },
  BatchNormalization: {
    write(graph, source) {
      const { layerName, options } = source;
      const { epsilon = 1e-3, scale = true, center = true } = options;
      const weights = [
        scale ? graph.weight(layerName, 'gamma') : inAllChannels(graph, source, 'gamma', 1),
        center ? graph.weight(layerName, 'beta') : inAllChannels(graph, source, 'beta', 0),
        graph.weight(layerName, 'moving_mean'),
        graph.weight(layerName, 'moving_variance'),
      ];
      const attributes = [float('epsilon', epsilon)];
      return channelsFirst(graph, 'BatchNormalization', source, { weights, attributes });
    },
  },
  CaffePreprocessing: {
    write(graph, source) {
      const { name, options } = source;
      const value = graph.inOrder(only(source), 'channelsLast');
      const { factor, offsets } = caffeScale(options);
      const order = graph.integers(`${name}/order`, [2, 1, 0]);
      const reversed = graph.add('Gather', `${name}/reversed`, [value.name, order], [int('axis', channelAxis(value))]);
      const scaled = graph.add('Mul', `${name}/scaled`, [reversed, graph.number(`${name}/factor`, factor)]);
      return {
        ...value,
        name: graph.add('Add', name, [scaled, graph.floats(`${name}/offsets`, Float32Array.from(offsets))]),
      };
    },
  },
  Concatenate: {
    write(graph, source) {
      const values = alike(graph, source);
      const [first] = values as [Value];
      const inputs = values.map(({ name }) => name);
      return { ...first, name: graph.add('Concat', source.name, inputs, [int('axis', channelAxis(first))]) };
    },
  },
  Conv2D: {
    kernels: { kernel: CONVOLUTION },
    write: (graph, source) => convolution(graph, source, CONVOLUTION, source.options.groups ?? 1),
  },
  Dense: {
    write(graph, source) {
      const { name, options } = source;
      const value = only(source);
      const product = graph.add('Gemm', name, [value.name, ...kernelAndBias(graph, source)]);
      return activated(graph, { ...value, name: product }, `${name}/activation`, options.activation);
    },
  },
  DepthwiseConv2D: {
    kernels: { kernel: DEPTHWISE },
    write: (graph, source) => convolution(graph, source, DEPTHWISE, source.inputShape[2] as number),
  },
  // Does nothing when a model predicts.
  Dropout: { write: (_graph, source) => only(source) },
  ELU: { write: (graph, source) => pointwise(graph, source, elu(source.options.alpha ?? 1)) },
  Flatten: {
    write(graph, source) {
      const { name } = graph.inOrder(only(source), 'channelsLast');
      return row(graph.add('Flatten', source.name, [name], [int('axis', 1)]));
    },
  },
  GELU: { write: (graph, source) => pointwise(graph, source, source.options.approximate ? geluTanh : gelu) },
  // Does nothing when a model predicts.
  GaussianNoise: { write: (_graph, source) => only(source) },
  GlobalAveragePooling2D: { write: (graph, source) => globalPool(graph, 'GlobalAveragePool', source) },
  GlobalMaxPooling2D: { write: (graph, source) => globalPool(graph, 'GlobalMaxPool', source) },
  GrayscaleToRGB: {
    write(graph, source) {
      const value = only(source);
      const { name } = value;
      return {
        ...value,
        name: graph.add('Concat', source.name, [name, name, name], [int('axis', channelAxis(value))]),
      };
    },
  },
  LayerNormalization: { write: layerNormalization },
  LeakyReLU: { write: (graph, source) => pointwise(graph, source, leaky(source.options.negativeSlope ?? 0.3)) },
  MaxPooling2D: { write: (graph, source) => pool(graph, 'MaxPool', source) },
  Multiply: { write: product },
  Normalization: {
    write(graph, source) {
      const weights = [
        inAllChannels(graph, source, 'gamma', 1),
        inAllChannels(graph, source, 'beta', 0),
        graph.weight(source.layerName, 'mean'),
        graph.weight(source.layerName, 'variance'),
      ];
      const attributes = [float('epsilon', NORMALIZATION_EPSILON)];
      return channelsFirst(graph, 'BatchNormalization', source, { weights, attributes });
    },
  },
  ReLU: {
    write(graph, source) {
      const { name, options } = source;
      const { maxValue, negativeSlope = 0 } = options;
      const value = only(source);
      if (negativeSlope === 0 && maxValue === undefined) return activated(graph, value, name, 'relu');
      if (negativeSlope === 0) return { ...value, name: clipped(maxValue as number)(graph, value, name) };
      const bent = leaky(negativeSlope)(graph, value, name);
      if (maxValue === undefined) return { ...value, name: bent };
      const limit = graph.number(`${name}/max_value`, maxValue);
      return { ...value, name: graph.add('Min', `${name}/limited`, [bent, limit]) };
    },
  },
  Rescaling: {
    write(graph, { name, options, inputs }) {
      const { scale, offset = 0 } = options;
      const value = inputs[0] as Value;
      const scaled = graph.add('Mul', name, [value.name, graph.number(`${name}/scale`, scale)]);
      if (offset === 0) return { ...value, name: scaled };
      return { ...value, name: graph.add('Add', `${name}/shifted`, [scaled, graph.number(`${name}/offset`, offset)]) };
    },
  },
  Reshape: {
    write(graph, source) {
      const { name } = graph.inOrder(only(source), 'channelsLast');
      // 0 is the batch's own size.
      const shape = graph.integers(`${source.name}/shape`, [0, ...source.outputShape]);
      const reshaped = graph.add('Reshape', source.name, [name, shape]);
      return { name: reshaped, order: 'channelsLast', rank: source.outputShape.length };
    },
  },
  Resizing: { write: (graph, source) => resample(graph, only(source), source) },
  SeparableConv2D: {
    kernels: { depthwise_kernel: DEPTHWISE, pointwise_kernel: CONVOLUTION },
    write(graph, source) {
      const { name, layerName, inputShape, options } = source;
      const { kernelSize, strides = 1, padding, dilationRate = 1, useBias = true, activation } = options;
      const window = { size: pair(kernelSize), strides: pair(strides), padding, dilations: pair(dilationRate) };
      const across = channelsFirst(
        graph,
        'Conv',
        { ...source, name: `${name}/depthwise` },
        {
          weights: [graph.weight(layerName, 'depthwise_kernel', DEPTHWISE)],
          attributes: [...windowAttributes(inputShape, window), int('group', inputShape[2] as number)],
        },
      );
      const weights = [
        graph.weight(layerName, 'pointwise_kernel', CONVOLUTION),
        ...(useBias ? [graph.weight(layerName, 'bias')] : []),
      ];
      const mixed = graph.add('Conv', name, [across.name, ...weights]);
      return activated(graph, { ...across, name: mixed }, `${name}/activation`, activation);
    },
  },
  // Does nothing when a model predicts.
  SpatialDropout2D: { write: (_graph, source) => only(source) },
  UpSampling2D: {
    write(graph, source) {
      const [height = 1, width = 1] = source.outputShape;
      const { interpolation = 'nearest' } = source.options;
      return resample(graph, only(source), { ...source, options: { height, width, interpolation } });
    },
  },
  ZeroPadding2D: { write: (graph, source) => pad(graph, only(source), source) },
} satisfies { readonly [T in LayerType]: OnnxLayer<LayerOptionsOf<T>> };

/** Samples that are rows of features. */
const row = (name: string): Value => ({ name, order: 'channelsLast', rank: 1 });

/** What becomes of a type of layer. Its options are those of a layer of that type. */
export const onnxLayer = (type: LayerType): OnnxLayer => ONNX_LAYERS[type] as OnnxLayer<never> as OnnxLayer;

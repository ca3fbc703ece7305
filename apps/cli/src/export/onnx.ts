/**
 * A model as ONNX, opset 17, and back from a file that was written here.
 *
 * Input `images` is (batch, height, width, channels), float32, pixels / 255; output `probabilities` is (batch, classes).
 * ONNX's convolutions take (batch, channels, height, width) and kernels (out, in, height, width): the graph turns images at
 * its beginning and back before they are flattened, and kernels are turned here. Batch normalization uses the moving
 * averages; dropout is left out. The model's own description comes along as metadata.
 */
import { describeModel, FormatError, modelFromDescription, type Sequential, type WeightValues } from '@anke/nn';
import { decodeOnnx, encodeOnnx, type OnnxAttribute, type OnnxNode, type OnnxTensor } from './onnx-format.js';

const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1;
const TYPE = { float: 1, int: 2, string: 3, ints: 7 };
const DESCRIPTION = 'anke-model';
/** From (height, width, in, out) to (out, in, height, width), and of images from and to channels last. */
const TO_OIHW = [3, 2, 0, 1];
const FROM_OIHW = [2, 3, 1, 0];
const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];

const int = (name: string, i: number): OnnxAttribute => ({ name, type: TYPE.int, i });
const float = (name: string, f: number): OnnxAttribute => ({ name, type: TYPE.float, f });
const ints = (name: string, values: readonly number[]): OnnxAttribute => ({ name, type: TYPE.ints, ints: values });
const text = (name: string, value: string): OnnxAttribute => ({
  name,
  type: TYPE.string,
  s: new TextEncoder().encode(value),
});

const pair = (value: unknown, otherwise: number | readonly number[]): readonly number[] => {
  const given = (value ?? otherwise) as number | readonly number[];
  return typeof given === 'number' ? [given, given] : given;
};

/** The elements with their axes in another order: axis i of the result is axis order[i] of the input. */
function transposed({ shape, values }: WeightValues, order: readonly number[]): WeightValues {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const target = order.map((axis) => shape[axis] as number);
  const result = new Float32Array(values.length);
  const place = target.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    result[i] = values[
      order.reduce((sum, axis, k) => sum + (place[k] as number) * (strides[axis] as number), 0)
    ] as number;
    for (let k = target.length - 1; k >= 0; k--) {
      place[k] = (place[k] as number) + 1;
      if ((place[k] as number) < (target[k] as number)) break;
      place[k] = 0;
    }
  }
  return { shape: target, values: result };
}

export async function toOnnx(model: Sequential): Promise<Uint8Array> {
  const weights = await model.getWeights();
  const node: OnnxNode[] = [];
  const initializer: OnnxTensor[] = [];
  let current = 'images';
  let channelsFirst = false;
  const add = (
    opType: string,
    name: string,
    inputs: readonly string[] = [],
    attribute: readonly OnnxAttribute[] = [],
  ): void => {
    node.push({ opType, name, input: [current, ...inputs], output: [name], attribute });
    current = name;
  };
  const turn = (toChannelsFirst: boolean, layer: string): void => {
    if (channelsFirst === toChannelsFirst) return;
    add(
      'Transpose',
      `${layer}/${toChannelsFirst ? 'channels_first' : 'channels_last'}`,
      [],
      [ints('perm', toChannelsFirst ? TO_NCHW : TO_NHWC)],
    );
    channelsFirst = toChannelsFirst;
  };
  const weight = (layer: string, name: string): string => {
    const full = `${layer}/${name}`;
    const own = weights.get(full) as WeightValues;
    const { shape, values } = own.shape.length === 4 ? transposed(own, TO_OIHW) : own;
    initializer.push({
      name: full,
      dims: shape,
      dataType: FLOAT,
      rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    });
    return full;
  };
  const activate = (layer: string, activation: unknown): void => {
    if (activation === 'relu') add('Relu', `${layer}/relu`);
    if (activation !== 'softmax') return;
    turn(false, layer);
    add('Softmax', `${layer}/softmax`, [], [int('axis', -1)]);
  };

  for (const { name, type, inputShape, ...layer } of model.layers.map((one) => ({
    name: one.name,
    type: one.type,
    inputShape: one.inputShape,
    config: one.config(),
  }))) {
    const { config } = layer;
    const window = (size: string, strides: unknown): OnnxAttribute[] => [
      ints('kernel_shape', pair(config[size], 2)),
      ints('strides', pair(config['strides'], strides as number | readonly number[])),
      text('auto_pad', config['padding'] === 'same' ? 'SAME_UPPER' : 'VALID'),
    ];
    if (type === 'Conv2D') {
      turn(true, name);
      add('Conv', name, [weight(name, 'kernel'), weight(name, 'bias')], window('kernelSize', 1));
      activate(name, config['activation']);
    } else if (type === 'MaxPooling2D') {
      turn(true, name);
      add('MaxPool', name, [], window('poolSize', pair(config['poolSize'], 2)));
    } else if (type === 'BatchNormalization') {
      if (inputShape.length === 3) turn(true, name);
      const inputs = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((one) => weight(name, one));
      add('BatchNormalization', name, inputs, [float('epsilon', (config['epsilon'] as number | undefined) ?? 1e-3)]);
    } else if (type === 'Flatten') {
      turn(false, name);
      add('Flatten', name, [], [int('axis', 1)]);
    } else if (type === 'Dense') {
      add('Gemm', name, [weight(name, 'kernel'), weight(name, 'bias')]);
      activate(name, config['activation']);
    } else if (type === 'Activation') {
      activate(name, config['activation']);
    } else if (type !== 'Dropout') {
      throw new FormatError(`layer "${name}" of type ${type} cannot be written as ONNX`);
    }
  }
  turn(false, 'end');
  add('Identity', 'probabilities');
  const value = (name: string, shape: readonly number[]) => ({
    name,
    type: {
      tensorType: {
        elemType: FLOAT,
        shape: { dim: [{ dimParam: 'batch' }, ...shape.map((dimValue) => ({ dimValue }))] },
      },
    },
  });
  return encodeOnnx({
    irVersion: IR_VERSION,
    producerName: 'Anke',
    docString: 'Input: images (batch, height, width, channels), pixels / 255. Output: probabilities (batch, classes).',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: [{ key: DESCRIPTION, value: JSON.stringify(describeModel(model)) }],
    graph: {
      name: 'model',
      node,
      initializer,
      input: [value('images', model.inputShape)],
      output: [value('probabilities', model.outputShape)],
    },
  });
}

/**
 * The model and its weights in a file that {@link toOnnx} has written.
 *
 * @throws FormatError if it is another ONNX file, or none
 */
export function fromOnnx(bytes: Uint8Array): {
  readonly model: Sequential;
  readonly weights: Map<string, WeightValues>;
} {
  let onnx: ReturnType<typeof decodeOnnx>;
  try {
    onnx = decodeOnnx(bytes);
  } catch {
    throw new FormatError('this is no ONNX file, or not a whole one');
  }
  const description = onnx.metadataProps.find(({ key }) => key === DESCRIPTION)?.value;
  if (description === undefined)
    throw new FormatError('this ONNX file was not written by "anke export"; others cannot be read');
  const weights = new Map<string, WeightValues>();
  for (const { name, dims, rawData } of onnx.graph.initializer) {
    const own = { shape: dims, values: new Float32Array(Uint8Array.from(rawData).buffer) };
    weights.set(name, dims.length === 4 ? transposed(own, FROM_OIHW) : own);
  }
  return { model: modelFromDescription(JSON.parse(description)), weights };
}

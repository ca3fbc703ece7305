/**
 * A model as ONNX, opset 17, and back from a file that was written here.
 *
 * Input `images` is (batch, height, width, channels), float32, pixels / 255; output `probabilities` is (batch,
 * classes). ONNX's convolutions take (batch, channels, height, width) and kernels (out, in, height, width): the graph
 * transposes images at its beginning and back before they are flattened, and kernels are transposed here. Batch
 * normalization uses the moving averages; dropout is left out. The model's own description is in the file's metadata.
 */
import { describeModel, modelFromDescription, type Sequential, type WeightValues } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import { decodeOnnx, encodeOnnx, type OnnxValue } from './format.js';
import { FLOAT, GraphWriter } from './graph-writer.js';
import { ONNX_LAYERS } from './layers.js';
import { FROM_OIHW, transposed } from './transpose.js';

const OPSET = 17;
const IR_VERSION = 8;
const DESCRIPTION = 'anke-model';

/** @throws ExchangeError if a layer has no counterpart in ONNX */
export async function toOnnx(model: Sequential): Promise<Uint8Array> {
  const graph = new GraphWriter('images', await model.getWeights());
  for (const layer of model.layers) {
    const { name, type, inputShape } = layer;
    const write = ONNX_LAYERS[type];
    if (!write) throw new ExchangeError(`layer "${name}" of type ${type} cannot be written as ONNX`);
    write(graph, { name, inputShape, config: layer.config() });
  }
  graph.order('channelsLast', 'end');
  graph.add('Identity', 'probabilities');
  return await encodeOnnx({
    irVersion: IR_VERSION,
    producerName: 'Anke',
    docString: 'Input: images (batch, height, width, channels), pixels / 255. Output: probabilities (batch, classes).',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: [{ key: DESCRIPTION, value: JSON.stringify(describeModel(model)) }],
    graph: {
      name: 'model',
      node: graph.nodes,
      initializer: graph.initializers,
      input: [valueInfo('images', model.inputShape)],
      output: [valueInfo('probabilities', model.outputShape)],
    },
  });
}

/** An input or output: (batch, …shape), float32. */
function valueInfo(name: string, shape: readonly number[]): OnnxValue {
  const dim = [{ dimParam: 'batch' }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}

/**
 * The model and its weights in a file that {@link toOnnx} has written.
 *
 * @throws ExchangeError if it is another ONNX file, or none
 */
export async function fromOnnx(bytes: Uint8Array): Promise<{
  readonly model: Sequential;
  readonly weights: Map<string, WeightValues>;
}> {
  let onnx: Awaited<ReturnType<typeof decodeOnnx>>;
  try {
    onnx = await decodeOnnx(bytes);
  } catch {
    throw new ExchangeError('this is no ONNX file, or not a whole one');
  }
  const description = onnx.metadataProps.find(({ key }) => key === DESCRIPTION)?.value;
  if (description === undefined)
    throw new ExchangeError('this ONNX file was not written by "anke export"; others cannot be read');
  const weights = new Map<string, WeightValues>();
  for (const { name, dims, rawData } of onnx.graph.initializer) {
    const own = { shape: dims, values: new Float32Array(Uint8Array.from(rawData).buffer) };
    weights.set(name, dims.length === 4 ? transposed(own, FROM_OIHW) : own);
  }
  return { model: modelFromDescription(JSON.parse(description)), weights };
}

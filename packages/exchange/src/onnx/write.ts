/**
 * A model as ONNX, opset 17.
 *
 * Input `images` is (batch, height, width, channels), float32, pixels / 255; output `probabilities` is (batch,
 * classes). ONNX's convolutions take (batch, channels, height, width) and kernels (out, in, height, width): images
 * are transposed where a layer needs it, and kernels are transposed here. Batch normalization uses the moving
 * averages; dropout is left out. The model's own description is in the file's metadata, and its weights are there by
 * their names, so that the file can be read back; so are the input's shape and the names of the classes.
 */
import { describeGraph, type Graph, type WeightValues } from '@anke/nn';
import { type ModelNotes, textNotesOf } from '../notes.js';
import { checkedWeights } from '../weights/checked.js';
import { DESCRIPTION, encodeOnnx, FLOAT, type OnnxValue } from './format.js';
import { GraphWriter, type Value } from './graph-writer.js';
import { onnxLayer } from './layers.js';

const OPSET = 17;
const IR_VERSION = 8;
const INPUT = 'images';
const OUTPUT = 'probabilities';

/**
 * @param weights by name, `layer/weight`
 * @throws ExchangeError if a weight is missing or has another shape
 */
export async function toOnnx(
  graph: Graph,
  weights: ReadonlyMap<string, WeightValues>,
  notes: ModelNotes = {},
): Promise<Uint8Array> {
  const writer = new GraphWriter(checkedWeights(graph, weights), [INPUT, OUTPUT]);
  const values = new Map<string, Value>([
    [graph.input.name, { name: INPUT, order: 'channelsLast', rank: graph.inputShape.length }],
  ]);
  for (const { name, layer, layerName, inputs, shape } of graph.nodes) {
    const value = onnxLayer(layer.type).write(writer, {
      name,
      layerName,
      options: layer.options,
      inputs: inputs.map((input) => values.get(input.name) as Value),
      inputShape: inputs[0]?.shape ?? [],
      outputShape: shape,
    });
    values.set(name, value);
  }
  writer.end(values.get(graph.output.name) as Value, OUTPUT);
  return encodeOnnx({
    irVersion: IR_VERSION,
    producerName: 'Anke',
    docString: 'Input: images (batch, height, width, channels), pixels / 255. Output: probabilities (batch, classes).',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: [
      { key: DESCRIPTION, value: JSON.stringify(describeGraph(graph)) },
      ...Object.entries(textNotesOf(graph, notes)).map(([key, value]) => ({ key, value })),
    ],
    graph: {
      name: 'model',
      node: writer.nodes,
      initializer: writer.initializers,
      input: [valueInfo(INPUT, graph.inputShape)],
      output: [valueInfo(OUTPUT, graph.outputShape)],
    },
  });
}

/** An input or output: (batch, …shape), float32. */
function valueInfo(name: string, shape: readonly number[]): OnnxValue {
  const dim = [{ dimParam: 'batch' }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}

/**
 * A model back from an ONNX file that was written here: its description is in the metadata, its weights in the graph.
 */
import { formatShape, type Graph, graphFromDescription, sizeOf, type WeightSpec, type WeightValues } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import { classNamesIn, type ModelNotes } from '../notes.js';
import { DESCRIPTION, type DecodedOnnx, decodeOnnx, FLOAT, type OnnxTensor } from './format.js';
import { onnxLayer } from './layers.js';
import { type KernelLayout, UNCHANGED } from './order.js';

/** A model and its weights by name, `layer/weight`. */
export interface OnnxContents extends ModelNotes {
  readonly graph: Graph;
  readonly weights: Map<string, WeightValues>;
}

/** @throws ExchangeError if the bytes are no ONNX file, one that was not written here, or one that is damaged */
export async function fromOnnx(bytes: Uint8Array): Promise<OnnxContents> {
  const { metadataProps, graph: contents } = await decoded(bytes);
  const description = metadataProps.find(({ key }) => key === DESCRIPTION)?.value;
  if (description === undefined)
    throw new ExchangeError('this ONNX file was not written by "anke export"; others cannot be read');
  const graph = graphOf(description);
  const tensors = new Map((contents?.initializer ?? []).map((tensor) => [tensor.name, tensor]));
  const weights = new Map<string, WeightValues>();
  for (const { name: layerName, layer, weights: specs } of graph.layers)
    for (const spec of specs) {
      const name = `${layerName}/${spec.name}`;
      const layout = onnxLayer(layer.type).kernels?.[spec.name];
      weights.set(name, weightOf(name, spec, tensors.get(name), layout));
    }
  const notes = new Map(metadataProps.map(({ key, value }) => [key, value]));
  return { graph, weights, classNames: classNamesIn(notes, graph) };
}

async function decoded(bytes: Uint8Array): Promise<DecodedOnnx> {
  try {
    return await decodeOnnx(bytes);
  } catch (cause) {
    throw new ExchangeError('this is no ONNX file, or not a whole one', { cause });
  }
}

function graphOf(description: string): Graph {
  try {
    return graphFromDescription(JSON.parse(description));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ExchangeError(`this ONNX file describes a model that cannot be read: ${why}; export it again`, { cause });
  }
}

function weightOf(
  name: string,
  { shape }: WeightSpec,
  tensor: OnnxTensor | undefined,
  layout: KernelLayout = UNCHANGED,
): WeightValues {
  const fail = (what: string): never => {
    throw new ExchangeError(`this ONNX file is damaged: ${what}; export it again`);
  };
  if (!tensor) return fail(`its weight "${name}" is missing`);
  const { dims, dataType, rawData } = tensor;
  if (dataType !== FLOAT) return fail(`its weight "${name}" is not of type float32`);
  const expected = layout.shape(shape);
  if (dims.join() !== expected.join())
    return fail(`its weight "${name}" has shape ${formatShape(dims)} instead of ${formatShape(expected)}`);
  if (rawData.length !== 4 * sizeOf(shape))
    return fail(`its weight "${name}" has ${rawData.length} bytes instead of ${4 * sizeOf(shape)}`);
  return layout.fromOnnx({ shape: dims, values: new Float32Array(Uint8Array.from(rawData).buffer) }, shape);
}

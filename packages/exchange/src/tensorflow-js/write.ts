/**
 * A model in the format of TensorFlow.js's layers (`tf.loadLayersModel`): `model.json` with Keras's description of
 * the layers, and `weights.bin`. Input: (batch, height, width, channels), pixels / 255.
 *
 * A chain is written as a Sequential, any other graph as a Functional model. A layer with weights is there once, with
 * a node for each of its uses; one without weights is there for each of its nodes.
 */
import type { Graph, GraphNode, WeightValues } from '@anke/nn';
import { FreeNames } from '../names.js';
import { type ModelNotes, notesOf } from '../notes.js';
import { checkedWeights } from '../weights/checked.js';
import { tensorFlowLayers, tensorFlowWeight } from './layers.js';
import type { TensorFlowLayer } from './source.js';

export interface TensorFlowJsModel {
  /** What `model.json` holds. */
  readonly json: string;
  /** What `weights.bin` holds. */
  readonly weights: Uint8Array;
}

/**
 * @param weights by name, `layer/weight`
 * @throws ExchangeError if a layer has no counterpart in TensorFlow.js, or a weight is missing or has another shape
 */
export function toTensorFlowJs(
  graph: Graph,
  weights: ReadonlyMap<string, WeightValues>,
  notes: ModelNotes = {},
): TensorFlowJsModel {
  const writer = new Writer(graph, checkedWeights(graph, weights));
  for (const node of graph.nodes) writer.add(node);
  const values = [...writer.weights];
  const json = {
    format: 'layers-model',
    generatedBy: 'Anke',
    convertedBy: null,
    userDefinedMetadata: notesOf(graph, notes),
    modelTopology: {
      keras_version: '2.15.0',
      backend: 'tensorflow',
      model_config: isChain(graph, writer.layers) ? sequential(graph, writer.layers) : writer.functional(),
    },
    weightsManifest: [
      { paths: ['weights.bin'], weights: values.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' })) },
    ],
  };
  return { json: `${JSON.stringify(json, null, 2)}\n`, weights: joined(values.map(([, { values: own }]) => own)) };
}

/**
 * The output of a layer's node, as Keras's descriptions name it: layer, index of its node, index of the output,
 * options.
 */
type Output = readonly [layer: string, node: number, output: 0, options: object];

interface WrittenLayer {
  readonly class_name: string;
  readonly name: string;
  readonly config: object;
  /** For each use of the layer, its inputs. */
  readonly inbound_nodes: (readonly Output[])[];
}

/** Makes the layers of one node after the other. */
class Writer {
  readonly layers: WrittenLayer[] = [];
  readonly weights = new Map<string, WeightValues>();
  readonly #outputs = new Map<string, Output>();
  /** The layers that have weights, by their names in the model. */
  readonly #shared = new Map<string, WrittenLayer>();
  readonly #names: FreeNames;

  constructor(
    private readonly graph: Graph,
    private readonly values: ReadonlyMap<string, WeightValues>,
  ) {
    const { input, layers } = graph;
    this.#names = new FreeNames([input.name, ...layers.map(({ name }) => name)]);
    this.#outputs.set(input.name, [input.name, 0, 0, {}]);
  }

  add(node: GraphNode): void {
    const { name, layer, layerName } = node;
    const { options } = layer;
    const source = { name, options, inputShape: node.inputs[0]?.shape ?? [], outputShape: node.shape };
    let current: readonly Output[] = node.inputs.map((input) => this.#outputs.get(input.name) as Output);
    for (const [i, part] of tensorFlowLayers(layer.type, source).entries()) {
      // A layer's own weights are those of its first part.
      const isShared = i === 0 && node.weights.length > 0;
      const shared = isShared ? this.#shared.get(layerName) : undefined;
      if (shared) {
        shared.inbound_nodes.push(current);
        current = [[shared.name, shared.inbound_nodes.length - 1, 0, {}]];
        continue;
      }
      const own = part.suffix === undefined && name === layerName ? name : this.#freeName(name, part.suffix);
      const made = written(own, layer.trainable, part, current);
      this.layers.push(made);
      for (const [weight, value] of Object.entries(part.constants ?? {})) this.weights.set(`${own}/${weight}`, value);
      if (isShared) this.#shared.set(layerName, made);
      current = [[own, 0, 0, {}]];
    }
    for (const { name: weight } of node.weights) {
      const value = this.values.get(`${layerName}/${weight}`) as WeightValues;
      this.weights.set(`${layerName}/${tensorFlowWeight(layer.type, weight)}`, value);
    }
    this.#outputs.set(name, current[0] as Output);
  }

  functional(): object {
    const { input, output, inputShape } = this.graph;
    const [last, node] = this.#outputs.get(output.name) as Output;
    const inputLayer = {
      class_name: 'InputLayer',
      name: input.name,
      config: { batch_input_shape: [null, ...inputShape], dtype: 'float32', sparse: false, name: input.name },
      inbound_nodes: [],
    };
    return {
      class_name: 'Functional',
      config: {
        name: 'model',
        layers: [inputLayer, ...this.layers],
        input_layers: [[input.name, 0, 0]],
        output_layers: [[last, node, 0]],
      },
    };
  }

  #freeName(name: string, suffix: string | undefined): string {
    const base = name.replaceAll(':', '_');
    return this.#names.take(suffix === undefined ? base : `${base}_${suffix}`);
  }
}

function written(
  name: string,
  trainable: boolean,
  { className, config, times = 1 }: TensorFlowLayer,
  inputs: readonly Output[],
): WrittenLayer {
  const repeated = Array.from({ length: times }, () => inputs).flat();
  return { class_name: className, name, config: { name, trainable, ...config }, inbound_nodes: [repeated] };
}

/** Whether each layer takes just what the one before gives. */
const isChain = ({ input }: Graph, layers: readonly WrittenLayer[]): boolean =>
  layers.every(({ inbound_nodes: nodes }, i) => {
    const [inputs = []] = nodes;
    return nodes.length === 1 && inputs.length === 1 && inputs[0]?.[0] === (layers[i - 1]?.name ?? input.name);
  });

function sequential({ inputShape }: Graph, layers: readonly WrittenLayer[]): object {
  const input = { batch_input_shape: [null, ...inputShape], dtype: 'float32' };
  const described = layers.map(({ class_name, config }, i) => ({
    class_name,
    config: i === 0 ? { ...config, ...input } : config,
  }));
  return { class_name: 'Sequential', config: { name: 'sequential', layers: described } };
}

/** Values one behind the other, as bytes. */
function joined(values: readonly Float32Array[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const { buffer, byteOffset, byteLength } of values) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return bytes;
}

/**
 * A graph as JSON: what `model.json` holds.
 *
 *   { format: 'anke-model', version: 2, seed, input: { name, shape }, layers: [ … ] }
 *
 * `layers` lists the nodes, each behind its inputs; the last one is the output:
 *
 *   { type: 'Conv2D', name: 'conv', filters: 8, … }            a layer with its options, fed by the node before it
 *   { type: 'Add', name: 'sum', inputs: ['conv', 'input'] }    fed by others, by name; the model's input has one too
 *   { layer: 'conv', name: 'conv:2', inputs: ['sum'] }         the layer named `conv` once more, with the same weights
 */
import type { Shape } from '../autograd/tensor.js';
import type { Graph, GraphNode } from './graph.js';

export const FORMAT = 'anke-model';
export const VERSION = 2;

/** A node of a described graph. A layer's options stand beside its type and name. */
export interface LayerDescription {
  /** A type of layer; absent where `layer` names one that is described already. */
  readonly type?: string;
  readonly layer?: string;
  /** Made from the type and a number if absent. */
  readonly name?: string;
  /** Names of the nodes that feed it; the one before it in the list if absent. */
  readonly inputs?: readonly string[];
  readonly [option: string]: unknown;
}

export interface GraphDescription {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly seed: number;
  readonly input: { readonly name: string; readonly shape: Shape };
  readonly layers: readonly LayerDescription[];
}

/** The graph as JSON, without the values of its weights. */
export function describeGraph({ seed, input, nodes }: Graph): GraphDescription {
  const layers = nodes.map((node, i): LayerDescription => {
    const { name, inputs } = node;
    const isFedByLast = inputs.length === 1 && inputs[0] === (nodes[i - 1] ?? input);
    return {
      ...layerOf(node),
      name,
      ...optionsOf(node),
      ...(isFedByLast ? {} : { inputs: inputs.map((source) => source.name) }),
    };
  });
  return { format: FORMAT, version: VERSION, seed, input: { name: input.name, shape: input.shape }, layers };
}

/** A layer's first node has the layer's name. */
const isFirst = ({ name, layerName }: GraphNode): boolean => name === layerName;

const layerOf = (node: GraphNode): LayerDescription =>
  isFirst(node) ? { type: node.layer.type } : { layer: node.layerName };

function optionsOf(node: GraphNode): Readonly<Record<string, unknown>> {
  if (!isFirst(node)) return {};
  const { name: _name, inputShape: _shape, ...options } = node.layer.options;
  return options;
}

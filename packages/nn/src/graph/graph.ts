/**
 * A model as a graph: nodes with several inputs and one output, in an order in which each stands behind its inputs.
 * Knows shapes, names and weights, but no device.
 */
import type { Shape } from '../autograd/tensor.js';
import { ModelError } from '../errors.js';
import type { LayerDefinition, WeightSpec } from '../layers/definition.js';
import { Namer } from './names.js';
import type { Node } from './node.js';

/** The input of a graph: every graph has one. */
export interface GraphInput extends Node {
  readonly name: string;
}

/** A layer applied in a graph. */
export interface GraphNode extends Node {
  /** Unique in the graph. A layer's first node has the layer's name, the further ones `name:2`, `name:3`, … */
  readonly name: string;
  readonly layer: LayerDefinition;
  /** The name of the layer in `graph.layers`; its weights are called `layerName/weight`. */
  readonly layerName: string;
  readonly inputs: readonly (GraphNode | GraphInput)[];
}

/** A layer of a graph: here once, however many nodes apply it. */
export interface GraphLayer {
  readonly name: string;
  readonly layer: LayerDefinition;
  /** In a layer that is frozen, no weight is trainable. */
  readonly weights: readonly WeightSpec[];
  readonly trainable: boolean;
}

export interface GraphOptions {
  /** Everything random in the model comes from this: first weights, dropout, the order of the samples. */
  readonly seed?: number;
}

export class Graph {
  readonly input: GraphInput;
  readonly output: GraphNode;
  /** In topological order, without the input. */
  readonly nodes: readonly GraphNode[];
  /** In the order of their first nodes. */
  readonly layers: readonly GraphLayer[];
  readonly seed: number;

  /**
   * @throws ModelError if the output does not depend on the input alone, or if two layers have the same name
   */
  constructor(input: Node, output: Node, { seed = 0 }: GraphOptions = {}) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 32 - 1)
      throw new ModelError(`the seed must be an integer in 0 … ${2 ** 32 - 1}, not ${seed}`);
    this.seed = seed;
    this.input = { ...input, name: input.name ?? 'input' };
    const builder = new Builder(input, this.input);
    const last = builder.add(output);
    if (last === this.input) throw new ModelError('a model needs at least one layer');
    this.output = last as GraphNode;
    this.nodes = builder.nodes;
    this.layers = [...builder.layers.values()];
  }

  get inputShape(): Shape {
    return this.input.shape;
  }

  get outputShape(): Shape {
    return this.output.shape;
  }
}

/** Names nodes and puts each behind its inputs. */
class Builder {
  readonly nodes: GraphNode[] = [];
  readonly layers = new Map<LayerDefinition, GraphLayer>();
  readonly #made = new Map<Node, GraphNode | GraphInput>();
  readonly #namer = new Namer();
  readonly #names: Set<string>;

  constructor(source: Node, input: GraphInput) {
    this.#made.set(source, input);
    this.#names = new Set([input.name]);
  }

  add(node: Node): GraphNode | GraphInput {
    const known = this.#made.get(node);
    if (known) return known;
    const { layer } = node;
    if (!layer)
      throw new ModelError(`the output depends on "${node.name ?? 'input'}", which is not the input of this model`);
    const inputs = node.inputs.map((source) => this.add(source));
    const shared = this.layers.get(layer);
    const { name: layerName } = shared ? this.#checked(shared, node) : this.#register(layer, node);
    const name = shared ? this.#furtherName(layerName, node) : layerName;
    if (this.#names.has(name)) throw new ModelError(`two layers are named "${name}"`);
    this.#names.add(name);
    const made: GraphNode = { ...node, name, layer, layerName, inputs };
    this.#made.set(node, made);
    this.nodes.push(made);
    return made;
  }

  #register(layer: LayerDefinition, node: Node): GraphLayer {
    const { trainable } = layer;
    const name = layer.options.name ?? node.name ?? this.#namer.nameFor(layer, this.#names);
    const weights = node.weights.map((spec) => ({ ...spec, trainable: spec.trainable && trainable }));
    const made = { name, layer, weights, trainable };
    this.layers.set(layer, made);
    return made;
  }

  #checked(known: GraphLayer, { weights }: Node): GraphLayer {
    const list = (specs: readonly WeightSpec[]): string =>
      specs.map((spec) => `${spec.name} (${spec.shape.join(', ')})`).join(', ');
    if (list(known.weights) !== list(weights))
      throw new ModelError(
        `layer "${known.name}" is used twice, with inputs that need different weights: ` +
          `${list(known.weights)}; ${list(weights)}`,
      );
    return known;
  }

  #furtherName(layerName: string, { name }: Node): string {
    if (name !== undefined && name !== layerName && !this.#names.has(name)) return name;
    for (let use = 2; ; use++) if (!this.#names.has(`${layerName}:${use}`)) return `${layerName}:${use}`;
  }
}

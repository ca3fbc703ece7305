/** A stack of layers as a graph: each is fed by the one before. */
import type { Shape } from '../autograd/tensor.js';
import { ModelError } from '../errors.js';
import type { Layer } from '../layers/layer.js';
import { Graph, type GraphOptions } from './graph.js';
import { Namer } from './names.js';
import { connect, input, type Node } from './node.js';

export interface SequentialOptions extends GraphOptions {
  /** Shape of one sample; the first layer's `inputShape` if absent. */
  readonly inputShape?: Shape;
}

/**
 * @throws ShapeError if a layer cannot take what the one before gives
 * @throws ModelError if there is no layer, no input shape, or if two layers have the same name
 */
export function sequential(layers: readonly Layer[], options: SequentialOptions = {}): Graph {
  const [first] = layers;
  if (!first) throw new ModelError('a model needs at least one layer');
  const { inputShape = first.options.inputShape } = options;
  if (!inputShape) throw new ModelError(`the first layer (${first.type}) needs an inputShape`);
  const images = input(inputShape);
  const namer = new Namer();
  const output = layers.reduce<Node>((node, layer) => connect(layer, [node], namer.nameFor(layer)), images);
  return new Graph(images, output, options);
}

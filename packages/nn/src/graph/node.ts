/**
 * Nodes: a layer applied to the outputs of other nodes. They are what a model is written with, before a {@link Graph}
 * names them and puts them in order. Shapes never have the batch axis.
 */
import { formatShape, type Shape } from '../autograd/tensor.js';
import { ShapeError } from '../errors.js';
import type { LayerDefinition, WeightSpec } from '../layers/definition.js';
import { Mismatch } from '../layers/expect.js';

export interface Node {
  /** Absent where the user gave none: a graph makes one. */
  readonly name?: string;
  /** Absent for an input. */
  readonly layer?: LayerDefinition;
  readonly inputs: readonly Node[];
  /** Shape of the output. */
  readonly shape: Shape;
  /** What the layer needs with these inputs. */
  readonly weights: readonly WeightSpec[];
}

/**
 * Where a model's samples come in.
 *
 * @param shape of one sample
 * @throws ShapeError if it does not hold positive integers
 */
export function input(shape: Shape, name = 'input'): Node {
  if (!shape.every((side) => Number.isInteger(side) && side > 0))
    throw new ShapeError(`the input shape ${formatShape(shape)} must hold positive integers`);
  return { name, inputs: [], shape, weights: [] };
}

/**
 * A layer applied to nodes.
 *
 * @param name how the node and error messages call it; the layer's own name if absent
 * @throws ShapeError that names the layer, what it expects and the inputs it was given
 */
export function connect(layer: LayerDefinition, inputs: readonly Node[], name = layer.options.name): Node {
  const shapes = inputs.map(({ shape }) => shape);
  try {
    const { output: shape, weights } = layer.infer(shapes);
    return { ...(name === undefined ? {} : { name }), layer, inputs, shape, weights };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const who = name === undefined ? layer.type : `"${name}" (${layer.type})`;
    const given = shapes.map((shape) => formatShape([null, ...shape])).join(', ');
    const what = ['it has no input', `its input is ${given}`][shapes.length] ?? `its inputs are ${given}`;
    throw new ShapeError(`layer ${who} expects ${error.message}, but ${what}`);
  }
}

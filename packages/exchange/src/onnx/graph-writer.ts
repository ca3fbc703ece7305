/** Writes the nodes of an ONNX graph one after the other, each fed by the one before. */
import type { WeightValues } from '@anke/nn';
import { ints } from './attributes.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './format.js';
import { TO_NCHW, TO_NHWC, TO_OIHW, transposed } from './transpose.js';

/** onnx.proto3, TensorProto.DataType */
export const FLOAT = 1;

export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  #current: string;
  #order: 'channelsFirst' | 'channelsLast' = 'channelsLast';

  /** @param input the graph's input, images with their channels last */
  constructor(
    input: string,
    readonly weights: ReadonlyMap<string, WeightValues>,
  ) {
    this.#current = input;
  }

  /**
   * Adds a node that takes what the one before gives.
   *
   * @param name the layer's, which its weights' names begin with; or one below it
   */
  add(
    opType: string,
    name: string,
    {
      weights = [],
      attributes = [],
    }: { readonly weights?: readonly string[]; readonly attributes?: readonly OnnxAttribute[] } = {},
  ): void {
    const inputs = weights.map((weight) => this.#initializer(`${name}/${weight}`));
    this.nodes.push({ opType, name, input: [this.#current, ...inputs], output: [name], attribute: attributes });
    this.#current = name;
  }

  /** Brings the axes of images into an order, if they are in the other one. */
  order(order: 'channelsFirst' | 'channelsLast', layer: string): void {
    if (this.#order === order) return;
    const toFirst = order === 'channelsFirst';
    const name = `${layer}/${toFirst ? 'channels_first' : 'channels_last'}`;
    this.add('Transpose', name, { attributes: [ints('perm', toFirst ? TO_NCHW : TO_NHWC)] });
    this.#order = order;
  }

  #initializer(name: string): string {
    const own = this.weights.get(name) as WeightValues;
    const { shape, values } = own.shape.length === 4 ? transposed(own, TO_OIHW) : own;
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.initializers.push({ name, dims: shape, dataType: FLOAT, rawData });
    return name;
  }
}

/**
 * Writes the nodes of an ONNX graph. What a node gives is a {@link Value}, which knows where its channels are; a
 * layer that needs them elsewhere asks for it, and one transposition serves all that ask.
 */
import type { WeightValues } from '@anke/nn';
import { FreeNames } from '../names.js';
import { ints } from './attributes.js';
import { FLOAT, INT64, type OnnxAttribute, type OnnxNode, type OnnxTensor } from './format.js';
import { type KernelLayout, type Order, permutation, UNCHANGED } from './order.js';

/** What a node gives: a batch of samples. */
export interface Value {
  readonly name: string;
  /** Samples with a single axis, of their features, have their channels last. */
  readonly order: Order;
  /** The number of axes of one sample. */
  readonly rank: number;
}

/** The axis of the channels. */
export const channelAxis = ({ order }: Value): number => (order === 'channelsFirst' ? 1 : -1);

export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly #names: FreeNames;
  readonly #ordered = new Map<string, Value>();
  readonly #written = new Set<string>();

  /**
   * @param weights of the model, by name: their names are theirs in the file too
   * @param taken other names that no node's output may have
   */
  constructor(
    private readonly weights: ReadonlyMap<string, WeightValues>,
    taken: readonly string[],
  ) {
    this.#names = new FreeNames([...weights.keys(), ...taken]);
  }

  /**
   * Adds a node.
   *
   * @param name what its output is called, if no other is
   * @param inputs names of values; an empty one stands for an optional input that is left out
   * @returns the output's name
   */
  add(opType: string, name: string, inputs: readonly string[], attribute: readonly OnnxAttribute[] = []): string {
    const output = this.#names.take(name);
    this.nodes.push({ opType, name: output, input: inputs, output: [output], attribute });
    return output;
  }

  /** The graph's last node. */
  end(input: Value, output: string): void {
    const { name } = this.inOrder(input, 'channelsLast');
    this.nodes.push({ opType: 'Identity', name: output, input: [name], output: [output], attribute: [] });
  }

  /** The value with its channels there. */
  inOrder(value: Value, order: Order): Value {
    if (value.order === order || value.rank === 1) return value;
    const known = this.#ordered.get(value.name);
    if (known) return known;
    const suffix = order === 'channelsFirst' ? 'channels_first' : 'channels_last';
    const perm = [ints('perm', permutation(order, value.rank))];
    const name = this.add('Transpose', `${value.name}/${suffix}`, [value.name], perm);
    const other = { ...value, name, order };
    this.#ordered.set(value.name, other).set(name, value);
    return other;
  }

  /** The name of a layer's weight; written once, however many nodes use it. */
  weight(layer: string, weight: string, layout: KernelLayout = UNCHANGED): string {
    const name = `${layer}/${weight}`;
    if (this.#written.has(name)) return name;
    this.#written.add(name);
    const { shape, values } = layout.toOnnx(this.weights.get(name) as WeightValues);
    this.#initializer(name, shape, FLOAT, values);
    return name;
  }

  /** A number in the file, as the name of an input. */
  number(name: string, value: number): string {
    const free = this.#names.take(name);
    this.#initializer(free, [], FLOAT, Float32Array.of(value));
    return free;
  }

  /** A list of numbers in the file, as the name of an input. */
  floats(name: string, values: Float32Array): string {
    const free = this.#names.take(name);
    this.#initializer(free, [values.length], FLOAT, values);
    return free;
  }

  /** A list of whole numbers in the file, as the name of an input. */
  integers(name: string, values: readonly number[]): string {
    const free = this.#names.take(name);
    this.#initializer(free, [values.length], INT64, BigInt64Array.from(values, BigInt));
    return free;
  }

  #initializer(name: string, dims: readonly number[], dataType: number, values: Float32Array | BigInt64Array): void {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.initializers.push({ name, dims, dataType, rawData });
  }
}

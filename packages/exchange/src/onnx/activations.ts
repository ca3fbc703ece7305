/** What becomes of activations in ONNX. */
import type { ActivationName } from '@anke/nn';
import { float, int } from './attributes.js';
import type { OnnxAttribute } from './format.js';
import { channelAxis, type GraphWriter, type Value } from './graph-writer.js';

/** Writes the nodes of an activation, the last of which has the given name, and returns the name of its output. */
export type Writing = (graph: GraphWriter, value: Value, name: string) => string;

const node =
  (opType: string, attributes: readonly OnnxAttribute[] = []): Writing =>
  (graph, value, name) =>
    graph.add(opType, name, [value.name], attributes);

export const leaky = (slope: number): Writing => node('LeakyRelu', [float('alpha', slope)]);
export const elu = (alpha: number): Writing => node('Elu', [float('alpha', alpha)]);

/** min(max(x, 0), limit) */
export const clipped =
  (limit: number): Writing =>
  (graph, { name: x }, name) =>
    graph.add('Clip', name, [x, graph.number(`${name}/zero`, 0), graph.number(`${name}/max_value`, limit)]);

/** x · ½ · (1 + erf(x / √2)): opset 17 has no GELU. */
export const gelu: Writing = (graph, { name: x }, name) => {
  const number = (what: string, value: number): string => graph.number(`${name}/${what}`, value);
  const scaled = graph.add('Mul', `${name}/scaled`, [x, number('root_half', Math.SQRT1_2)]);
  const erf = graph.add('Erf', `${name}/erf`, [scaled]);
  const shifted = graph.add('Add', `${name}/shifted`, [erf, number('one', 1)]);
  const half = graph.add('Mul', `${name}/half`, [x, number('one_half', 0.5)]);
  return graph.add('Mul', name, [half, shifted]);
};

/** x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) */
export const geluTanh: Writing = (graph, { name: x }, name) => {
  const number = (what: string, value: number): string => graph.number(`${name}/${what}`, value);
  const root = Math.sqrt(2 / Math.PI);
  const square = graph.add('Mul', `${name}/square`, [x, x]);
  const third = graph.add('Mul', `${name}/third`, [square, number('third_factor', 0.044715 * root)]);
  const factor = graph.add('Add', `${name}/factor`, [third, number('first_factor', root)]);
  const inner = graph.add('Mul', `${name}/inner`, [x, factor]);
  const shifted = graph.add('Add', `${name}/shifted`, [graph.add('Tanh', `${name}/tanh`, [inner]), number('one', 1)]);
  const half = graph.add('Mul', `${name}/half`, [x, number('one_half', 0.5)]);
  return graph.add('Mul', name, [half, shifted]);
};

const silu: Writing = (graph, { name: x }, name) =>
  graph.add('Mul', name, [x, graph.add('Sigmoid', `${name}/sigmoid`, [x])]);

/** Names and numbers as in the layer Activation. */
const ACTIVATIONS = {
  linear: (_, value) => value.name,
  relu: node('Relu'),
  relu6: clipped(6),
  leakyRelu: leaky(0.2),
  elu: elu(1),
  gelu,
  sigmoid: node('Sigmoid'),
  silu,
  swish: silu,
  softplus: node('Softplus'),
  tanh: node('Tanh'),
  softmax: (graph, value, name) => graph.add('Softmax', name, [value.name], [int('axis', channelAxis(value))]),
} satisfies Readonly<Record<ActivationName, Writing>>;

/** The value behind an activation. */
export const activated = (
  graph: GraphWriter,
  value: Value,
  name: string,
  activation: ActivationName = 'linear',
): Value => ({ ...value, name: ACTIVATIONS[activation](graph, value, name) });

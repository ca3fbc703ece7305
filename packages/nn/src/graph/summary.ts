/**
 * Keras's table of a model: a row a node with its name, type, output shape, number of parameters and, in a graph,
 * inputs.
 */
import { formatShape, sizeOf } from '../autograd/tensor.js';
import type { WeightSpec } from '../layers/definition.js';
import type { Graph } from './graph.js';

const number = (value: number): string => value.toLocaleString('en-US');

/** Parameters of some layers: all of them, and those that are trained. */
export function countParameters(layers: readonly { readonly weights: readonly WeightSpec[] }[]): {
  total: number;
  trainable: number;
} {
  const weights = layers.flatMap((layer) => layer.weights);
  const count = (specs: typeof weights): number => specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return { total: count(weights), trainable: count(weights.filter(({ trainable }) => trainable)) };
}

/** A training that takes more of a device's memory is told. */
export const LARGE_BYTES = 500e6;

/** `528 MiB` */
const mebibytes = (bytes: number): string => `${number(Math.ceil(bytes / 2 ** 20))} MiB`;

/**
 * What a large model's training takes of a device: weights, gradients, the optimizer's moments (two with Adam), and a
 * copy of all that it changes, from before the epoch that runs. Nothing, if the model is small.
 */
function memoryLines({ total, trainable }: ReturnType<typeof countParameters>): string[] {
  const trained = (moments: number): number => 4 * (2 * total + trainable + 2 * moments * trainable);
  if (trained(2) <= LARGE_BYTES) return [];
  const trainings = `trained with SGD ${mebibytes(trained(0))}, with Adam ${mebibytes(trained(2))}`;
  return [`Memory: weights ${mebibytes(4 * total)} · ${trainings}, and activations`];
}

/**
 * The parameters of a shared layer stand at its first node.
 *
 * @param columns that a line may have: where the types of layers leave no room, they are left out
 */
export function summarize(graph: Graph, columns = Number.POSITIVE_INFINITY): string {
  const whole = tableOf(graph, true);
  const table = whole.every((line) => line.length <= columns) ? whole : tableOf(graph, false);
  const parameters = countParameters(graph.layers);
  const { total, trainable } = parameters;
  return [
    ...table,
    `Total ${number(total)} · trainable ${number(trainable)} · not trainable ${number(total - trainable)}`,
    ...memoryLines(parameters),
  ].join('\n');
}

function tableOf({ input, nodes }: Graph, hasTypes: boolean): string[] {
  const isChain = nodes.every(({ inputs }, i) => inputs.length === 1 && inputs[0] === (nodes[i - 1] ?? input));
  const seen = new Set<unknown>();
  const rows = nodes.map(({ name, layer, shape, weights, inputs }) => {
    const own = seen.has(layer) ? [] : weights;
    seen.add(layer);
    const sources = inputs.map((source) => source.name).join(', ');
    return [
      hasTypes ? `${name} (${layer.type})` : name,
      formatShape([null, ...shape]),
      number(countParameters([{ weights: own }]).total),
      ...(isChain ? [] : [sources]),
    ];
  });
  const layer = hasTypes ? 'Layer (type)' : 'Layer';
  const header = [layer, 'Output shape', 'Parameters', ...(isChain ? [] : ['Connected to'])];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 2 ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [line(header), rule, ...rows.map(line), rule];
}

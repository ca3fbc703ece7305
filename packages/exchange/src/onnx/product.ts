/** Products of values, in ONNX: one with fewer axes has its own behind the batch's, as in Keras. */
import type { GraphWriter, Value } from './graph-writer.js';
import type { OnnxSource } from './source.js';

export function product(graph: GraphWriter, { name, inputs }: OnnxSource): Value {
  const rank = Math.max(...inputs.map((value) => value.rank));
  const { order } = inputs.find((value) => value.rank === rank) as Value;
  const [first, ...others] = inputs.map((value, i) => {
    if (value.rank === rank) return graph.inOrder(value, order);
    const lower = graph.inOrder(value, order);
    const behind = order === 'channelsFirst' ? 2 : 1;
    const missing = Array.from({ length: rank - value.rank }, (_, axis) => axis + behind);
    const axes = graph.integers(`${name}/axes_${i}`, missing);
    return { name: graph.add('Unsqueeze', `${name}/raised_${i}`, [lower.name, axes]), order, rank };
  }) as [Value, ...Value[]];
  const result = others.reduce((product, value) => graph.add('Mul', name, [product, value.name]), first.name);
  return { name: result, order, rank };
}

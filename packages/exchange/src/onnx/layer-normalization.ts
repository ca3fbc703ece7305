/** Layer normalization, in ONNX: its operator normalizes the last axes, and cannot do without a scale. */
import type { LayerNormalizationOptions } from '@anke/nn';
import { float, int } from './attributes.js';
import type { GraphWriter, Value } from './graph-writer.js';
import { type OnnxSource, only } from './source.js';

export function layerNormalization(graph: GraphWriter, source: OnnxSource<LayerNormalizationOptions>): Value {
  const { name, layerName, inputShape } = source;
  const { epsilon = 1e-3, center = true, scale = true } = source.options;
  const value = graph.inOrder(only(source), 'channelsLast');
  const ones = (): string => graph.floats(`${name}/ones`, new Float32Array(inputShape.at(-1) ?? 1).fill(1));
  const weights = [
    scale ? graph.weight(layerName, 'gamma') : ones(),
    ...(center ? [graph.weight(layerName, 'beta')] : []),
  ];
  const attributes = [int('axis', -1), float('epsilon', epsilon)];
  return { ...value, name: graph.add('LayerNormalization', name, [value.name, ...weights], attributes) };
}

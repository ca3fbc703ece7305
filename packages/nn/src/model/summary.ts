import { formatShape, sizeOf } from '../autograd/tensor.js';
import type { Layer } from '../layers/layer.js';

const number = (value: number): string => value.toLocaleString('en-US');

/** Parameters of a model: all of them, and those that are trained. */
export function countParameters(layers: readonly Layer[]): { total: number; trainable: number } {
  const weights = layers.flatMap((layer) => layer.weights);
  const count = (specs: typeof weights): number => specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return { total: count(weights), trainable: count(weights.filter(({ trainable }) => trainable)) };
}

/** Keras's table: a row a layer with its name, type, output shape and number of parameters. */
export function summarize(layers: readonly Layer[]): string {
  const rows = layers.map((layer) => [
    `${layer.name} (${layer.type})`,
    formatShape([null, ...layer.outputShape]),
    number(countParameters([layer]).total),
  ]);
  const header = ['Layer (type)', 'Output shape', 'Parameters'];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 2 ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  const { total, trainable } = countParameters(layers);
  return [
    line(header),
    rule,
    ...rows.map(line),
    rule,
    `Total ${number(total)} · trainable ${number(trainable)} · not trainable ${number(total - trainable)}`,
  ].join('\n');
}

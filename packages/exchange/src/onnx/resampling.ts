/** Images of other sizes, in ONNX. */
import type { ResizingOptions, ZeroPadding2DOptions } from '@anke/nn';
import { paddedSides } from '../options.js';
import { nearestPixels } from '../resampling.js';
import { int, text } from './attributes.js';
import type { GraphWriter, Value } from './graph-writer.js';
import type { OnnxSource } from './source.js';

/**
 * Bilinear is a Resize between the centres of pixels, with a size that is the batch's own in the axes that stay. The
 * nearest pixels are gathered by their numbers: a Resize would compute them in float32, and may take a neighbour
 * where a centre lies between two pixels.
 */
export function resample(graph: GraphWriter, input: Value, source: OnnxSource<ResizingOptions>): Value {
  const { name, inputShape, options } = source;
  const { height, width, interpolation = 'bilinear' } = options;
  if (interpolation === 'bilinear') return resizeBilinear(graph, input, source);
  const [inHeight = 1, inWidth = 1] = inputShape;
  const first = input.order === 'channelsFirst' ? 2 : 1;
  const rows = graph.integers(`${name}/row_numbers`, nearestPixels(inHeight, height));
  const columns = graph.integers(`${name}/column_numbers`, nearestPixels(inWidth, width));
  const tall = graph.add('Gather', `${name}/rows`, [input.name, rows], [int('axis', first)]);
  return { ...input, name: graph.add('Gather', name, [tall, columns], [int('axis', first + 1)]) };
}

function resizeBilinear(
  graph: GraphWriter,
  input: Value,
  { name, options: { height, width } }: OnnxSource<ResizingOptions>,
): Value {
  const value = graph.inOrder(input, 'channelsFirst');
  const kept = graph.add('Shape', `${name}/kept`, [value.name], [int('start', 0), int('end', 2)]);
  const given = graph.integers(`${name}/size`, [height, width]);
  const sizes = graph.add('Concat', `${name}/sizes`, [kept, given], [int('axis', 0)]);
  const attributes = [text('mode', 'linear'), text('coordinate_transformation_mode', 'half_pixel')];
  return { ...value, name: graph.add('Resize', name, [value.name, '', '', sizes], attributes) };
}

/** Zeros around images. */
export function pad(graph: GraphWriter, input: Value, { name, options }: OnnxSource<ZeroPadding2DOptions>): Value {
  const sides = paddedSides(options);
  const axes = input.order === 'channelsFirst' ? [[0, 0], ...sides] : [...sides, [0, 0]];
  const [before, after] = [0, 1].map((side) => [0, ...axes.map((axis) => axis[side] as number)]);
  const pads = graph.integers(`${name}/pads`, [...(before as number[]), ...(after as number[])]);
  return { ...input, name: graph.add('Pad', name, [input.name, pads]) };
}

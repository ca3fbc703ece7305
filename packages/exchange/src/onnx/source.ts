/** A layer on its way into ONNX: what is known of a node of the model, and what writes it. */
import type { LayerOptions, Shape } from '@anke/nn';
import type { GraphWriter, Value } from './graph-writer.js';
import type { KernelLayout } from './order.js';

/** A node of a model that is to be written. */
export interface OnnxSource<O extends LayerOptions = LayerOptions> {
  readonly name: string;
  /** What its weights' names begin with. */
  readonly layerName: string;
  readonly options: O;
  readonly inputs: readonly Value[];
  /** Of one sample of the first input, channels last. */
  readonly inputShape: Shape;
  /** Of one sample of the output, channels last. */
  readonly outputShape: Shape;
}

/** The input of a layer that has one. */
export const only = ({ inputs }: OnnxSource): Value => inputs[0] as Value;

export interface OnnxLayer<O extends LayerOptions = LayerOptions> {
  write(graph: GraphWriter, source: OnnxSource<O>): Value;
  /** How ONNX has the layer's kernels, by their names here. */
  readonly kernels?: Readonly<Record<string, KernelLayout>>;
}

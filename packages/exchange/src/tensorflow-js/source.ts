/** A layer on its way into TensorFlow.js: what is known of a node of the model, and what it becomes. */
import type { LayerOptions, Shape, WeightValues } from '@anke/nn';

/** A layer of a model that is to be written. */
export interface TensorFlowSource<O extends LayerOptions = LayerOptions> {
  readonly name: string;
  readonly options: O;
  /** Of one sample of the first input. */
  readonly inputShape: Shape;
  /** Of one sample of the output. */
  readonly outputShape: Shape;
}

/** A layer of TensorFlow.js. */
export interface TensorFlowLayer {
  readonly className: string;
  /** Its options, without its name. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What its name adds to that of the model's layer, where that becomes several. */
  readonly suffix?: string;
  /** How many times it takes its input; once if absent. */
  readonly times?: number;
  /** Weights that the model's layer does not have, by name. */
  readonly constants?: Readonly<Record<string, WeightValues>>;
}

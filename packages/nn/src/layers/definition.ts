/**
 * What a graph and a step know of a layer: options, and two functions of its inputs. `infer` tells shapes and weights
 * when a graph is built, `call` sends the operations of one step. `Layer` (layer.ts) is this with `apply`, which makes
 * nodes.
 */
import type { Storage } from '@anke/kernels';
import type { Tape } from '../autograd/tape.js';
import type { Shape, Tensor } from '../autograd/tensor.js';
import type { ContainedActivation } from '../losses/loss.js';
import type { Initializer } from './initializers.js';
import type { LayerType } from './layer-type.js';
import type { Regularizer } from './regularizers.js';

/** What a layer needs to send the operations of one step. */
export interface CallContext {
  readonly tape: Tape;
  /** Whether dropout drops and batch normalization uses the batch's own statistics. */
  readonly training: boolean;
  /** Where the model ends here: the activation that is left to the loss, which contains it. */
  readonly contained: ContainedActivation | undefined;
  /** One of the layer's weights. */
  weight(name: string): Tensor;
  /** The step's number, its index in the epoch, the seed, and values that were not finite, on the device. */
  readonly counters: Storage;
  /** The node's index in the graph, the input not counted. */
  readonly index: number;
}

export interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  /** How the values begin, or the values themselves. */
  readonly initializer: Initializer | readonly number[];
  readonly trainable: boolean;
  readonly regularizer?: Regularizer;
  /** Whether the layer can work with some rows after the others, should a device not bind all of them at once. */
  readonly divisible?: boolean;
}

/** A weight with a penalty, if there is one. */
export const regularized = (spec: WeightSpec, regularizer: Regularizer | undefined): WeightSpec =>
  regularizer ? { ...spec, regularizer } : spec;

export interface LayerOptions {
  /** Unique in a graph; made from the type and a number if absent. */
  readonly name?: string;
  /** Shape of one sample, without the batch axis: the first layer of a sequential model needs it. */
  readonly inputShape?: Shape;
  /** If false, training leaves the layer's weights as they are, and a batch normalization uses its moving averages. */
  readonly trainable?: boolean;
}

/** What a layer makes of inputs of given shapes. Shapes are those of one sample. */
export interface Inference {
  readonly output: Shape;
  readonly weights: readonly WeightSpec[];
}

export interface LayerDefinition {
  readonly type: LayerType;
  readonly options: LayerOptions;
  /** Whether training changes the layer's weights. */
  readonly trainable: boolean;
  /** @throws Mismatch if the layer cannot take such inputs */
  infer(inputs: readonly Shape[]): Inference;
  /** @param inputs tensors whose first axis is the batch */
  call(context: CallContext, inputs: readonly Tensor[]): Tensor;
}

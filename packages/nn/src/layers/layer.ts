import type { Storage } from '@anke/kernels';
import type { Tape } from '../autograd/tape.js';
import { formatShape, type Shape, type Tensor } from '../autograd/tensor.js';
import { ModelError, ShapeError } from '../errors.js';
import type { Initializer } from './initializers.js';

/** What a layer needs of the model when it is applied. */
export interface CallContext {
  readonly tape: Tape;
  /** Whether dropout drops and batch normalization uses the batch's own statistics. */
  readonly training: boolean;
  /** Whether this is the last layer and a softmax at its end is left to the loss. */
  readonly logits: boolean;
  readonly weight: (name: string) => Tensor;
  readonly seed: number;
  /** The layer's place in the model. */
  readonly index: number;
  /** The number of the step, on the device. */
  readonly step: Storage;
}

/** λ · Σ w² in the loss. */
export interface L2Regularizer {
  readonly l2: number;
}

/** `kernelRegularizer: l2(0.01)` */
export const l2 = (factor: number): L2Regularizer => ({ l2: factor });

export interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
  readonly trainable: boolean;
  readonly regularizer?: L2Regularizer;
}

export interface LayerOptions {
  readonly name?: string;
  /** Shape of one sample; the first layer of a model needs it. */
  readonly inputShape?: Shape;
}

/** A layer: shapes and weights when the model is built, operations when it is applied. Shapes are those of one sample. */
export abstract class Layer {
  /** Keras's name for the type, for summaries and saved models. */
  abstract readonly type: string;
  name: string;
  #inputShape: Shape | undefined;
  #outputShape: Shape | undefined;
  #weights: readonly WeightSpec[] = [];

  constructor(readonly options: LayerOptions) {
    this.name = options.name ?? '';
  }

  /** Shape of what comes out for one sample, and the weights that it takes. */
  protected abstract infer(input: Shape): { readonly output: Shape; readonly weights: readonly WeightSpec[] };

  abstract call(x: Tensor, context: CallContext): Tensor;

  /**
   * Applies this layer and the next one as one operation, where there is one that does both; else undefined.
   *
   * @param _nextContext the context of the next layer
   */
  callWith(_x: Tensor, _context: CallContext, _next: Layer, _nextContext: CallContext): Tensor | undefined {
    return undefined;
  }

  /** @throws ShapeError if the layer cannot take such an input */
  build(input: Shape): Shape {
    const { output, weights } = this.infer(input);
    this.#inputShape = input;
    this.#outputShape = output;
    this.#weights = weights;
    return output;
  }

  get inputShape(): Shape {
    return this.#built(this.#inputShape);
  }

  get outputShape(): Shape {
    return this.#built(this.#outputShape);
  }

  get weights(): readonly WeightSpec[] {
    return this.#weights;
  }

  /** What a constructor needs to make this layer again. */
  config(): Record<string, unknown> {
    return { ...this.options, name: this.name };
  }

  protected wants(what: string, input: Shape): ShapeError {
    return new ShapeError(
      `layer "${this.name}" (${this.type}) wants ${what}, but its input is ${formatShape([null, ...input])}`,
    );
  }

  /** @throws ModelError if a number in the options is not what the layer can use */
  protected require(ok: boolean, what: string): void {
    if (!ok) throw new ModelError(`layer "${this.name || this.constructor.name}": ${what}`);
  }

  #built(shape: Shape | undefined): Shape {
    if (!shape) throw new ModelError(`layer "${this.name}" has no shape before it is part of a model`);
    return shape;
  }
}

export type Pair = number | readonly [number, number];
export const pair = (value: Pair): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);
export const positiveInteger = (value: number): boolean => Number.isInteger(value) && value > 0;

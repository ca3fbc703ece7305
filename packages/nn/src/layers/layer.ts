/**
 * The base of all layers. A layer has no state, so that it can be applied several times in a graph, with the same
 * weights, and in several graphs, each with weights of its own.
 */
import type { Shape, Tensor } from '../autograd/tensor.js';
import { ModelError } from '../errors.js';
import { connect, type Node } from '../graph/node.js';
import type { CallContext, Inference, LayerDefinition, LayerOptions } from './definition.js';
import type { LayerType } from './layer-type.js';
import { weightOptionFault } from './weight-options.js';

export abstract class Layer<O extends LayerOptions = LayerOptions> implements LayerDefinition {
  abstract readonly type: LayerType;

  constructor(readonly options: O) {}

  /** @throws Mismatch if the layer cannot take such inputs */
  abstract infer(inputs: readonly Shape[]): Inference;

  /** @param inputs tensors whose first axis is the batch */
  abstract call(context: CallContext, inputs: readonly Tensor[]): Tensor;

  /**
   * Applies the layer to nodes of a graph: Keras's functional API.
   *
   * @throws ShapeError if the layer cannot take their outputs
   */
  apply(...inputs: readonly Node[]): Node {
    return connect(this, inputs);
  }

  /** Whether training changes the layer's weights. */
  get trainable(): boolean {
    return this.options.trainable !== false;
  }

  /** @throws ModelError if an initializer or regularizer among the options is none, or has a number out of range */
  protected requireWeightOptions(): void {
    for (const [name, value] of Object.entries(this.options)) {
      const fault = value === undefined ? undefined : weightOptionFault(name, value);
      this.require(fault === undefined, `${name} ${fault}`);
    }
  }

  /** @throws ModelError if an option is not one that the layer can use */
  protected require(ok: boolean, what: string): void {
    if (!ok) throw new ModelError(`layer "${this.options.name ?? this.type}": ${what}`);
  }
}

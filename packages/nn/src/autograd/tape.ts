/**
 * Reverse-mode differentiation. Applying an operation sends its forward kernels to the executor and notes it on the
 * tape; `backward` walks the tape from the loss to the weights and sends the kernels of those gradients that are
 * needed.
 */
import { accumulate, add, type Executor, type Storage, type StorageType } from '@anke/kernels';
import { ModelError } from '../errors.js';
import type { Application, GradientContext, NamedTensors, Operation, Workspace } from './operation.js';
import { type Shape, type Source, sizeOf, Tensor } from './tensor.js';

export class Tape implements Workspace {
  readonly #applications: Application[] = [];
  #layer: string | undefined;
  #activations: 'f32' | 'f16' = 'f32';
  /** The part of the step that is sent now. */
  #part = '';

  constructor(readonly executor: Executor) {}

  /** A new tensor whose content is undefined until a kernel has written it. */
  temporary(label: string, shape: Shape, type: Exclude<StorageType, 'f16'> = 'f32'): Tensor {
    const name = this.#layer === undefined ? label : `${this.#layer}'s ${label}`;
    return new Tensor(shape, this.executor.temporary(name, sizeOf(shape) * 4, type));
  }

  /** A new tensor for what a forward pass hands on: float32, or what {@link within} says. */
  activation(label: string, shape: Shape): Tensor {
    const type = this.#activations;
    const name = this.#layer === undefined ? label : `${this.#layer}'s output (${label})`;
    return new Tensor(shape, this.executor.temporary(name, sizeOf(shape) * (type === 'f16' ? 2 : 4), type));
  }

  /** Says which part of the step follows: a layer by its name, or the loss. Its gradients belong to it too. */
  begin(part: string): void {
    this.#part = part;
    this.executor.scope?.(`${part}, forward`);
  }

  /** Does the work of a layer, which its tensors are then named after, and keeps all activations as `type`. */
  within<T>(layer: string, type: 'f32' | 'f16', work: () => T): T {
    this.#layer = layer;
    this.#activations = type;
    try {
      return work();
    } finally {
      this.#layer = undefined;
      this.#activations = 'f32';
    }
  }

  /** The same elements under another shape; gradients flow through. */
  reshape(x: Tensor, shape: Shape): Tensor {
    if (sizeOf(x.shape) !== sizeOf(shape)) throw new ModelError(`cannot reshape ${x.shape} to ${shape}`);
    const view = new Tensor(shape, x.storage, x.gradient);
    view.source = x.source;
    return view;
  }

  apply<A extends object, I extends object, S extends string>(
    operation: Operation<A, I, S>,
    inputs: I,
    attributes: A,
  ): Tensor {
    const { output, saved } = operation.forward(this, inputs, attributes);
    const named = inputs as NamedTensors;
    const differentiable = Object.entries(operation.gradients).filter(([, gradient]) => gradient !== 'constant');
    if (differentiable.some(([name]) => named[name]?.needsGradient)) {
      const general = operation as unknown as Application['operation'];
      const part = this.#part;
      const application: Application = { operation: general, attributes, inputs: named, output, saved, part };
      output.source = application;
      this.#applications.push(application);
    }
    return output;
  }

  /**
   * Computes the gradient of `loss`, a single number, for every weight it depends on, into the weights' own gradients.
   * The operations that make the loss take its gradient, 1, for granted.
   */
  backward(loss: Tensor): void {
    if (!loss.source) throw new ModelError('the loss depends on no weight that is trained');
    const gradients = new Map<Source, Tensor>([[loss.source, loss]]);
    const written = new Set<Storage>();
    for (const application of this.#applications.toReversed()) {
      const dY = gradients.get(application);
      if (!dY) continue; // the loss does not depend on it
      gradients.delete(application);
      this.executor.scope?.(`${application.part}, backward`);
      const context = this.#context(application, dY, written);
      for (const [name, compute] of Object.entries(application.operation.gradients)) {
        const input = application.inputs[name];
        if (compute === 'constant' || !input?.needsGradient) continue;
        const gradient = compute(context);
        if (input.gradient) this.#addToWeight(input.gradient, gradient, written);
        else if (input.source) gradients.set(input.source, this.#sum(gradients.get(input.source), gradient));
      }
    }
  }

  #context(
    { operation: _, part: __, ...application }: Application,
    dY: Tensor,
    written: ReadonlySet<Storage>,
  ): GradientContext<object, NamedTensors, string> {
    const destinations = new Map<string, Tensor>();
    const results = new Map<string, unknown>();
    return {
      ...application,
      tape: this,
      executor: this.executor,
      dY,
      destination: (name) => {
        let tensor = destinations.get(name);
        if (!tensor) {
          const { shape, storage, gradient: slot } = application.inputs[name] as Tensor;
          // The first contribution to a weight's gradient is written in place, later ones are added to it.
          tensor =
            slot && !written.has(slot)
              ? new Tensor(shape, slot)
              : this.temporary(`the gradient of ${storage.label}`, shape);
          destinations.set(name, tensor);
        }
        return tensor;
      },
      once: <T>(name: string, compute: () => T): T => {
        if (!results.has(name)) results.set(name, compute());
        return results.get(name) as T;
      },
    };
  }

  #addToWeight(slot: Storage, gradient: Tensor, written: Set<Storage>): void {
    if (written.has(slot)) {
      const length = sizeOf(gradient.shape);
      this.executor.dispatch(accumulate, { length }, { total: slot, x: gradient.storage });
    } else if (gradient.storage !== slot) {
      throw new ModelError(`the gradient of ${slot.label} was not written to its own memory`);
    }
    written.add(slot);
  }

  #sum(a: Tensor | undefined, b: Tensor): Tensor {
    if (!a) return b;
    const total = this.temporary(b.storage.label, a.shape);
    const length = sizeOf(a.shape);
    this.executor.dispatch(add, { length }, { a: a.storage, b: b.storage, sum: total.storage });
    return total;
  }
}

/**
 * Reverse-mode differentiation. Applying an operation sends its forward kernels to the executor and notes it on the tape;
 * `backward` walks the tape from the loss to the weights and sends the kernels of those gradients that are needed.
 */
import { accumulate, add, type Executor, type Storage } from '@anke/kernels';
import { ModelError } from '../errors.js';
import type { Operation } from './operation.js';
import { type Shape, sizeOf, Tensor } from './tensor.js';

/** An operation that was applied: all that its gradients may ask for. */
export interface Node {
  readonly operation: Operation;
  readonly attributes: object;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly output: Tensor;
  readonly saved: Readonly<Record<string, Storage>>;
}

export class Tape {
  readonly #nodes: Node[] = [];
  /** How often a node's output is an input. */
  readonly #uses = new Map<Node, number>();

  /** @param half whether activations are kept as float16; gradients are float32 all the same */
  constructor(
    readonly executor: Executor,
    public half = false,
  ) {}

  /** A new tensor whose content is undefined until a kernel has written it. */
  temporary(label: string, shape: Shape): Tensor {
    return new Tensor(shape, this.executor.temporary(label, sizeOf(shape) * 4));
  }

  /** A new tensor for what a forward pass hands on. */
  activation(label: string, shape: Shape): Tensor {
    const bytes = sizeOf(shape) * (this.half ? 2 : 4);
    return new Tensor(shape, this.executor.temporary(label, bytes, this.half));
  }

  /** The same elements under another shape; gradients flow through. */
  reshape(x: Tensor, shape: Shape): Tensor {
    if (sizeOf(x.shape) !== sizeOf(shape)) throw new ModelError(`cannot reshape ${x.shape} to ${shape}`);
    const view = new Tensor(shape, x.storage, x.gradient);
    view.node = x.node;
    return view;
  }

  apply<A extends object, I extends string, D extends I, S extends string>(
    operation: Operation<A, I, D, S>,
    inputs: Readonly<Record<I, Tensor>>,
    attributes: A,
  ): Tensor {
    const { output, saved } = operation.forward(this, inputs, attributes);
    for (const { node } of Object.values<Tensor>(inputs)) {
      if (node) this.#uses.set(node, (this.#uses.get(node) ?? 0) + 1);
    }
    const differentiable = Object.keys(operation.gradients) as D[];
    if (differentiable.some((name) => inputs[name].needsGradient)) {
      const node: Node = { operation: operation as unknown as Operation, attributes, inputs, output, saved };
      output.node = node;
      this.#nodes.push(node);
    }
    return output;
  }

  /**
   * Computes the gradient of `loss`, a single number, for every weight it depends on, into the weights' own gradients.
   * The operation that makes the loss takes its own gradient, 1, for granted.
   */
  backward(loss: Tensor): void {
    if (!loss.node) throw new ModelError('the loss depends on no weight');
    const gradients = new Map<Node, Tensor>([[loss.node, loss]]);
    const written = new Set<Storage>();
    const masked = new Set<Node>();

    for (const node of this.#nodes.toReversed()) {
      const dY = gradients.get(node);
      if (!dY) continue; // the loss does not depend on it
      gradients.delete(node);

      const destinations = new Map<string, Tensor>();
      const done = new Set<string>();
      const results = new Map<string, unknown>();
      const context = {
        tape: this,
        executor: this.executor,
        attributes: node.attributes,
        inputs: node.inputs,
        output: node.output,
        saved: node.saved,
        dY,
        masked: masked.has(node),
        takeMask: (name: string): number => {
          const source = (node.inputs[name] as Tensor).node;
          const mask = source && this.#uses.get(source) === 1 ? (source.operation.mask?.(source.attributes) ?? 0) : 0;
          if (source && mask !== 0) masked.add(source);
          return mask;
        },
        destination: (name: string): Tensor => {
          let tensor = destinations.get(name);
          if (!tensor) {
            const input = node.inputs[name] as Tensor;
            const slot = input.gradient;
            // The first contribution to a weight's gradient is written in place, later ones are added to it.
            tensor =
              slot && !written.has(slot) ? new Tensor(input.shape, slot) : this.temporary(`d${name}`, input.shape);
            destinations.set(name, tensor);
          }
          return tensor;
        },
        once: <T>(name: string, compute: () => T): T => {
          if (!results.has(name)) results.set(name, compute());
          return results.get(name) as T;
        },
      };
      for (const [name, compute] of Object.entries(node.operation.gradients)) {
        const input = node.inputs[name] as Tensor;
        if (!input.needsGradient || done.has(name)) continue;
        const gradient = compute(context);
        done.add(name);
        if (input.gradient) this.#addToWeight(input.gradient, gradient, written);
        else if (input.node) gradients.set(input.node, this.#sum(gradients.get(input.node), gradient));
      }
    }
  }

  #addToWeight(slot: Storage, gradient: Tensor, written: Set<Storage>): void {
    if (written.has(slot)) {
      const length = sizeOf(gradient.shape);
      this.executor.dispatch(accumulate, { length }, { total: slot, x: gradient.storage });
    } else if (gradient.storage !== slot) {
      throw new ModelError(`the gradient of ${slot.label} was not written to its place`);
    }
    written.add(slot);
  }

  #sum(a: Tensor | undefined, b: Tensor): Tensor {
    if (!a) return b;
    const total = this.temporary('dY', a.shape);
    const length = sizeOf(a.shape);
    this.executor.dispatch(add, { length }, { a: a.storage, b: b.storage, sum: total.storage });
    return total;
  }
}

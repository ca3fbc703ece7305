/**
 * Operations: plain kernels forward, what is saved for the backward pass, and a gradient for each input. An operation
 * knows nothing of the operations around it: the fusion pass joins kernels, over the dispatches of a whole step.
 */
import type { Executor, Storage, StorageType } from '@anke/kernels';
import type { Shape, Source, Tensor } from './tensor.js';

/** Where an operation sends its kernels and has its memory from: a tape is one. */
export interface Workspace {
  readonly executor: Executor;
  /** A new tensor whose content is undefined until a kernel has written it. */
  temporary(label: string, shape: Shape, type?: Exclude<StorageType, 'f16'>): Tensor;
  /** A new tensor for what a forward pass hands on, in the type that activations are kept in. */
  activation(label: string, shape: Shape): Tensor;
}

export interface GradientContext<A extends object, I extends object, S extends string = never> {
  readonly tape: Workspace;
  readonly executor: Executor;
  readonly attributes: A;
  readonly inputs: I;
  readonly output: Tensor;
  readonly saved: Readonly<Record<S, Storage>>;
  /** The gradient of the output. */
  readonly dY: Tensor;
  /** Where the gradient of an input is to be written. */
  destination(name: keyof I & string): Tensor;
  /** Computes what several gradients of one application share, once: when the first of them needs it. */
  once<T>(name: string, compute: () => T): T;
}

/**
 * Writes to `destination(input)` and returns it or, for an input that is no weight, may return a tensor that is there
 * already.
 */
export type Gradient<A extends object, I extends object, S extends string> = (
  context: GradientContext<A, I, S>,
) => Tensor;

/** Type parameters: attributes, inputs by name (some may be optional), names of what is saved. */
export interface Operation<A extends object, I extends object, S extends string = never> {
  readonly name: string;
  forward(
    tape: Workspace,
    inputs: I,
    attributes: A,
  ): { readonly output: Tensor; readonly saved: Readonly<Record<S, Storage>> };
  /**
   * For every input, in the order in which they are computed; `constant` for those that have none: labels, state that
   * moves by itself.
   */
  readonly gradients: { readonly [K in keyof I]-?: Gradient<A, I, S> | 'constant' };
}

/** Declares an operation: all it does is let the compiler infer and check the types. */
export function defineOperation<A extends object, I extends object, S extends string = never>(
  operation: Operation<A, I, S>,
): Operation<A, I, S> {
  return operation;
}

/** Inputs as the tape sees them: by name, absent where optional ones are. */
export type NamedTensors = Readonly<Record<string, Tensor | undefined>>;

/** An operation that was applied: all that its gradients may ask for. */
export interface Application extends Source {
  readonly operation: Operation<object, NamedTensors, string>;
  readonly attributes: object;
  readonly inputs: NamedTensors;
  readonly saved: Readonly<Record<string, Storage>>;
  /** The part of the step that it belongs to. */
  readonly part: string;
}

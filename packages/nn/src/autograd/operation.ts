import type { Executor, Storage } from '@anke/kernels';
import { ModelError } from '../errors.js';
import type { Tape } from './tape.js';
import type { Tensor } from './tensor.js';

export interface GradientContext<A extends object = object, I extends string = string, S extends string = string> {
  readonly tape: Tape;
  readonly executor: Executor;
  readonly attributes: A;
  readonly inputs: Readonly<Record<I, Tensor>>;
  readonly output: Tensor;
  readonly saved: Readonly<Record<S, Storage>>;
  /** The gradient of the output. */
  readonly dY: Tensor;
  /** Where the gradient of an input is to be written. */
  destination(name: I): Tensor;
  /**
   * Whether dY has been taken through the relu that this operation ends in: the next one did it along with its own
   * gradient.
   */
  readonly masked: boolean;
  /**
   * Takes over the relu that an input comes out of, where this application is the only one that uses the input: the
   * gradient written for it must then be multiplied by the result where the input is positive, and zero elsewhere. 0 if
   * there is nothing to take over.
   */
  takeMask(name: I): number;
  /** Does what several gradients of one application share, when the first of them asks. */
  once<T>(name: string, compute: () => T): T;
}

/**
 * An operation: its forward kernels, what it saves for later, and a gradient for each differentiable input.
 *
 * Type parameters: attributes, names of inputs, names of the differentiable ones among them, names of what is saved.
 */
export interface Operation<
  A extends object = object,
  I extends string = string,
  D extends I = I,
  S extends string = string,
> {
  readonly name: string;
  readonly inputs: readonly I[];
  /** Inputs that have no gradient: labels, row numbers, state that moves by itself. */
  readonly constants: readonly Exclude<I, D>[];
  readonly forward: (
    tape: Tape,
    inputs: Readonly<Record<I, Tensor>>,
    attributes: A,
  ) => { readonly output: Tensor; readonly saved: Readonly<Record<S, Storage>> };
  /** Where the output went through a relu: 1, or the factor by which a dropout behind it scaled what it kept. Else 0. */
  readonly mask?: (attributes: A) => number;
  /** Each writes to `destination(input)` or, for an input that is no weight, may return a tensor that is there already. */
  readonly gradients: Readonly<Record<D, (context: GradientContext<A, I, S>) => Tensor>>;
}

/**
 * Registers an operation.
 *
 * @throws ModelError if an input has neither a gradient nor is declared to have none
 */
export function defineOperation<A extends object, I extends string, D extends I, S extends string>(
  operation: Operation<A, I, D, S>,
): Operation<A, I, D, S> {
  const known: readonly string[] = [...operation.constants, ...Object.keys(operation.gradients)];
  const missing = operation.inputs.filter((name) => !known.includes(name));
  if (missing.length > 0)
    throw new ModelError(`operation "${operation.name}" has no gradient for ${missing.join(', ')}`);
  return operation;
}

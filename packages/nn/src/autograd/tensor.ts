/** Tensors: shapes over memory of the device, and where their gradients go. */
import type { Storage } from '@anke/kernels';

export type Shape = readonly number[];

/** Number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, side) => product * side, 1);

/** `(32, 28, 28, 1)`; a free batch axis is written `None`, as Keras does. */
export const formatShape = (shape: readonly (number | null)[]): string =>
  `(${shape.map((side) => side ?? 'None').join(', ')}${shape.length === 1 ? ',' : ''})`;

/** What has made a tensor: the tape knows the rest of it. */
export interface Source {
  readonly output: Tensor;
}

/** An array of floats (or of uint32 labels) on the device, as an operation's input or output. */
export class Tensor {
  /** The application of an operation that made this tensor, if a gradient has to flow back through it. */
  source: Source | undefined;

  constructor(
    readonly shape: Shape,
    readonly storage: Storage,
    /** Where this tensor's own gradient is gathered, if it is a weight that is trained. */
    readonly gradient?: Storage,
  ) {}

  get needsGradient(): boolean {
    return this.gradient !== undefined || this.source !== undefined;
  }
}

/** The memory of those tensors that there are, by name: what kernels are given of optional operands. */
export const storagesOf = <N extends string>(
  tensors: Readonly<Record<N, Tensor | undefined>>,
): Partial<Record<N, Storage>> =>
  Object.fromEntries(
    Object.entries<Tensor | undefined>(tensors).flatMap(([name, tensor]) => (tensor ? [[name, tensor.storage]] : [])),
  ) as Partial<Record<N, Storage>>;

/**
 * What a kernel is: one typed value that states everything the engine, the tests and the benchmarks need to know.
 * A kernel without a reference, a cost or cases does not type-check.
 */

/** What a kernel does to a binding: reads it, overwrites every element, or reads and changes it in place. */
export type Access = 'read' | 'write' | 'update';
/** What a kernel computes with. Whether a float is stored as 32 or 16 bits is a property of the storage. */
export type ElementType = 'f32' | 'u32';

/** Draws numbers for a test's input. */
export interface Draw {
  uniform(): number;
  normal(): number;
  integer(below: number): number;
}

export interface Binding<P> {
  readonly access: Access;
  readonly type: ElementType;
  /** Whether threads of the shader change it at the same time, by atomic operations; a `u32` that is updated. */
  readonly atomic?: true;
  /** Number of elements. */
  length(params: P): number;
  /** Whether these parameters need it; always, if absent. One that is not needed is neither declared nor bound. */
  needed?(params: P): boolean;
  /** A value for tests and benchmarks; standard normal numbers if absent. */
  sample?(params: P, draw: Draw, index: number): number;
}

/** What one dispatch costs, counted by the direct algorithm. */
export interface Cost {
  /** Floating-point operations; a fused multiply-add counts two. */
  readonly flops: number;
  /** Bytes that must be read and written at least once. */
  readonly bytes: number;
}

/** What the kernels ask a device before they choose a variant. */
export interface Traits {
  /** Lanes of a subgroup, if a workgroup of so many threads is one full subgroup, with its lanes in order; else 0. */
  readonly subgroupSize: number;
  /** Whether a shader that uses subgroups asks for that size: see `subgroupEntryPoint`. */
  readonly pinsSubgroups: boolean;
  /** Whether the adapter says that it computes on the CPU: there, loads cost more than arithmetic. */
  readonly software: boolean;
  readonly maxWorkgroupStorage: number;
  readonly maxInvocations: number;
}

export type Grid = readonly [x: number, y: number, z: number];

/** A shader and the grid that it runs on. */
export interface Stage<P> {
  /** Names of the bindings and scratch arrays that the shader uses; all that the parameters need, if absent. */
  bindings?(params: P): readonly string[];
  /**
   * Sizes that are passed with a dispatch, as whole numbers below 2³²: the shader reads them as `sizes.name`. So shapes
   * that differ in nothing else share one shader, which is compiled once.
   */
  sizes?(params: P, traits: Traits): Readonly<Record<string, number>>;
  /** Workgroups in x, y and z. */
  grid(params: P, traits: Traits): Grid;
  /**
   * The shader. Above it, the runtime writes the directives, the declaration of `sizes` and, for each binding `x`, its
   * declaration and the type `x_t` of its elements. A float that may be stored as 16 bits is loaded as `f32(x[i])` and
   * stored as `y[i] = y_t(value)`.
   */
  wgsl(params: P, traits: Traits): string;
}

/** The second dispatch of a variant that cuts long sums into parts: it adds the parts in a fixed order. */
export interface Join<P> extends Stage<P> {
  /** Arrays of float32 between the two dispatches, by name, with their lengths: the first writes, the second reads. */
  scratch(params: P, traits: Traits): Readonly<Record<string, number>>;
}

export interface Variant<P> extends Stage<P> {
  /** Whether this variant can run these parameters on this device. */
  available(params: P, traits: Traits): boolean;
  /**
   * Whether it may be a good choice there; always, if absent. One that does not suit runs only when forced, or where no
   * other can.
   */
  suits?(params: P, traits: Traits): boolean;
  /** The shader uses subgroup operations: it needs a device whose workgroups are shown to be full subgroups. */
  readonly subgroups?: true;
  /** The shader reads outputs back that it has written: they cannot be stored as 16 bits. */
  readonly accumulates?: true;
  readonly join?: Join<P>;
}

/** The distance between 1 and the next float32. */
export const EPSILON = 2 ** -23;

export type Arrays<B extends string> = Readonly<Record<B, Float64Array>>;

/**
 * Functions are declared as methods, so that a kernel of any parameters is a `Kernel`. A caller that uses that type
 * passes parameters that came with the kernel.
 */
export interface Kernel<P extends object = object, B extends string = string> {
  readonly name: string;
  readonly bindings: Readonly<Record<B, Binding<P>>>;
  /**
   * In order of preference: the first that is available and suits runs, unless a tuner has found another that suits to
   * be faster. The last runs everywhere.
   */
  readonly variants: Readonly<Record<string, Variant<P>>>;
  cost(params: P): Cost;
  /**
   * Roundings on the way to one output, at most: the length of the longest sum, and what WGSL allows functions and
   * divisions. See {@link magnitudes}.
   */
  terms(params: P): number;
  /**
   * The CPU reference, in float64: takes what every `read` and `update` binding holds, returns what is written. A
   * binding that the parameters do not need is an empty array.
   */
  reference(params: P, inputs: Arrays<B>): Partial<Record<B, Float64Array>>;
  /**
   * For each output of floats, the sum of the absolute values of the terms behind each element: all that is rounded on
   * the way is at most so large, so that an element may be off by float32 epsilon × terms × this. Where all terms are
   * products, it is `this.reference(params, absolute(inputs))`; where nothing is added up, the size of the result.
   */
  magnitudes(params: P, inputs: Arrays<B>): Partial<Record<B, Float64Array>>;
  /** Parameters that tests run with every variant. */
  readonly cases: readonly P[];
}

/** Inputs without their signs, so that a reference adds up the absolute values of its terms. */
export const absolute = <A extends Arrays<string>>(inputs: A): A =>
  Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, values.map(Math.abs)])) as A;

/** Declares a kernel: lets the compiler infer and check its types. */
export function defineKernel<P extends object, B extends string>(kernel: Kernel<P, B>): Kernel<P, B> {
  return kernel;
}

/** Names of the bindings that these parameters need, in the order of their declaration. */
export function neededBindings<P extends object, B extends string>(kernel: Kernel<P, B>, params: P): B[] {
  return (Object.keys(kernel.bindings) as B[]).filter((name) => kernel.bindings[name].needed?.(params) !== false);
}

/** Bytes of all needed bindings: what a kernel must move when each element travels once, as 32 bits. */
export function bindingBytes<P>(bindings: Readonly<Record<string, Binding<P>>>, params: P): number {
  let bytes = 0;
  for (const binding of Object.values(bindings)) {
    if (binding.needed?.(params) === false) continue;
    bytes += binding.length(params) * 4 * (binding.access === 'update' ? 2 : 1);
  }
  return bytes;
}

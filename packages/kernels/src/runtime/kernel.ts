/**
 * What a kernel is: one typed value that states everything the engine, the tests and the benchmarks need to know.
 * A kernel without a reference, a cost or cases does not type-check.
 */

/** What a kernel does to a binding: reads it, overwrites every element, or reads and changes it in place. */
export type Access = 'read' | 'write' | 'update';
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
  /** Number of elements. */
  readonly length: (params: P) => number;
  /** A value for tests and benchmarks; standard normal numbers if absent. `index` is the element's place. */
  readonly sample?: (params: P, draw: Draw, index: number) => number;
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
  /** Lanes of a subgroup, when every subgroup of the device has the same number; else 0. */
  readonly subgroupSize: number;
  readonly maxWorkgroupStorage: number;
  readonly maxInvocations: number;
}

export type Grid = readonly [x: number, y: number, z: number];

export interface Variant<P> {
  /** Whether this variant can run these parameters on this device. */
  readonly available: (params: P, traits: Traits) => boolean;
  /**
   * Whether it may be a good choice there; always, if absent. One that does not suit runs only when forced, or where no
   * other can.
   */
  readonly suits?: (params: P, traits: Traits) => boolean;
  /** Workgroups in x, y and z. */
  readonly grid: (params: P, traits: Traits) => Grid;
  /** The whole shader. Bindings are numbered in the order in which the kernel declares them. */
  readonly wgsl: (params: P, traits: Traits) => string;
}

export type Arrays<B extends string> = Readonly<Record<B, Float64Array>>;

export interface Kernel<P extends object = object, B extends string = string> {
  readonly name: string;
  readonly bindings: Readonly<Record<B, Binding<P>>>;
  /**
   * In order of preference: the first that is available and suits runs, unless a tuner has found another that suits to
   * be faster. The last runs everywhere.
   */
  readonly variants: Readonly<Record<string, Variant<P>>>;
  readonly cost: (params: P) => Cost;
  /** Length of the longest sum behind one output: the rounding error's bound is float32 epsilon times this. */
  readonly terms: (params: P) => number;
  /** The CPU reference, in float64: takes what every `read` and `update` binding holds, returns what is written. */
  readonly reference: (params: P, inputs: Arrays<B>) => Partial<Record<B, Float64Array>>;
  /** Parameters that tests run with every variant. */
  readonly cases: readonly P[];
}

/** Declares a kernel; only a place for its types to be inferred and checked. */
export function defineKernel<P extends object, B extends string>(kernel: Kernel<P, B>): Kernel<P, B> {
  return kernel;
}

/** Bytes of all bindings: what a kernel must move when each element travels once. */
export function bindingBytes<P>(bindings: Readonly<Record<string, Binding<P>>>, params: P): number {
  let bytes = 0;
  for (const binding of Object.values(bindings)) {
    bytes += binding.length(params) * 4 * (binding.access === 'update' ? 2 : 1);
  }
  return bytes;
}

/** `const NAME: type = value;` lines for the top of a shader: integers become u32, other numbers f32, booleans bool. */
export function constants(
  values: Readonly<Record<string, number | boolean | { f32: number } | { i32: number }>>,
): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (typeof value === 'boolean') return `const ${name}: bool = ${value};`;
      if (typeof value === 'number') return `const ${name}: u32 = ${value}u;`;
      if ('i32' in value) return `const ${name}: i32 = ${value.i32}i;`;
      return `const ${name}: f32 = ${float(value.f32)};`;
    })
    .join('\n');
}

/** A WGSL literal for a finite float32. */
function float(value: number): string {
  const text = String(Math.fround(value));
  return `${text}${/[.e]/.test(text) ? '' : '.0'}f`;
}

/** Threads of a workgroup in kernels that give each thread one element. */
export const FLAT_WORKGROUP = 64;
const MAX_GRID_SIDE = 65535;

/**
 * Workgroups for `threads` independent threads. A side of the grid ends at 65,535, so that long arrays are cut into
 * rows; the shader finds its element by `(group.y * ROW + group.x) * 64 + local`, with ROW from {@link flatRow}.
 */
export function flatGrid(threads: number, workgroup = FLAT_WORKGROUP): Grid {
  const groups = Math.max(1, Math.ceil(threads / workgroup));
  const row = Math.min(groups, MAX_GRID_SIDE);
  return [row, Math.ceil(groups / row), 1];
}

/** Threads in one row of {@link flatGrid}. */
export function flatRow(threads: number, workgroup = FLAT_WORKGROUP): number {
  return flatGrid(threads, workgroup)[0] * workgroup;
}

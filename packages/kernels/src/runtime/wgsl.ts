/**
 * Text that many shaders need: constants, declarations of bindings, and the grid of kernels with a thread an element.
 */
import type { Access, Grid } from './kernel.js';
import type { StorageType } from './storage.js';

/** `const NAME: type = value;` lines for the top of a shader: integers become u32, other numbers f32, booleans bool. */
export function constants(
  values: Readonly<Record<string, number | boolean | { readonly f32: number } | { readonly i32: number }>>,
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

/** The same for an array. */
export function constantArray(name: string, type: 'f32' | 'u32', values: readonly number[]): string {
  const texts = values.map((value) => (type === 'f32' ? `f32(${Math.fround(value)})` : `${value}u`));
  return `const ${name} = array<${type}, ${values.length}>(${texts.join(', ')});`;
}

/**
 * A loop's bound that the compiler does not know, though it is always `bound`: `bound * min(1, arrayLength(&array))`.
 *
 * Loops of known length are unrolled. That makes inner loops faster; but where the body is long (random numbers,
 * barriers, many loads), unrolled code takes longer to compile than to run.
 *
 * @param array a binding of the kernel; none is empty
 */
export const opaque = (bound: string, array: string): string => `${bound} * min(1u, arrayLength(&${array}))`;

/** A binding as a shader declares it. */
export interface Declaration {
  readonly name: string;
  readonly access: Access;
  readonly type: StorageType;
  readonly atomic?: true | undefined;
}

/** The directive of shaders that use subgroups, whose size they ask for if it is `pinned`. */
export const subgroupExtensions = (pinned: boolean): string =>
  `enable subgroups${pinned ? ', subgroup_size_control' : ''};`;

/** The attributes of an entry point whose workgroup is one full subgroup of LANES threads. */
export const subgroupEntryPoint = (pinned: boolean): string =>
  `@compute @workgroup_size(LANES)${pinned ? ' @subgroup_size(LANES)' : ''}`;

/**
 * What stands above a shader's text: its directives and bindings, with `x_t`, which makes an element of each binding
 * `x` of a float32. For 16-bit elements it is a function: what lies beyond their range becomes the nearest value in it,
 * as WGSL leaves open what else it would be. What is not finite stays so, and is found where it goes.
 *
 * @param options.extensions what {@link subgroupExtensions} says, if the text uses subgroup operations
 * @param options.sizes names of the sizes that are passed with a dispatch
 */
export function declarationsWgsl(
  declarations: readonly Declaration[],
  { extensions, sizes }: { readonly extensions: string | undefined; readonly sizes: readonly string[] },
): string {
  return [
    ...(extensions === undefined ? [] : [extensions]),
    ...(declarations.some(({ type }) => type === 'f16') ? ['enable f16;'] : []),
    ...declarations.flatMap(({ name, access, type, atomic }, i) => {
      const element = atomic ? `atomic<${type}>` : type;
      const mode = access === 'read' ? 'read' : 'read_write';
      return [
        type === 'f16' ? storing16Wgsl(name) : `alias ${name}_t = ${element};`,
        `@group(0) @binding(${i}) var<storage, ${mode}> ${name}: array<${element}>;`,
      ];
    }),
    ...(sizes.length > 0
      ? [
          `struct Sizes { ${sizes.map((name) => `${name}: u32`).join(', ')} }`,
          `@group(0) @binding(${declarations.length}) var<uniform> sizes: Sizes;`,
        ]
      : []),
    '',
  ].join('\n');
}

/** The largest finite float16. */
export const LARGEST_F16 = 65504;

const storing16Wgsl = (name: string): string => `fn ${name}_t(value: f32) -> f16 {
  let isFinite = (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
  return f16(select(value, clamp(value, -${LARGEST_F16}.0, ${LARGEST_F16}.0), isFinite));
}`;

/** Threads of a workgroup in kernels that give each thread one element. */
export const FLAT_WORKGROUP = 64;
/** WebGPU's default limit, `maxComputeWorkgroupsPerDimension`; a variant with a longer side cannot run. */
export const MAX_GRID_SIDE = 65535;

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

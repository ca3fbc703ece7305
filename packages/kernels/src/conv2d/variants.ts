/** What the variants of the three directions share: their sizes, and where each is at home. */
import type { Traits, Variant } from '../runtime/kernel.js';
import type { Conv2dParams } from './geometry.js';

/** Kernel widths up to which the subgroup variants keep a row of taps unrolled. */
export const MAX_UNROLLED_TAPS = 7;
/** Pixels of a row that a subgroup keeps in registers. */
const MAX_TILE = 13;

/** Cuts `width` into equal tiles of at most `MAX_TILE` pixels. */
export function tileWidth(width: number): number {
  return Math.ceil(width / Math.ceil(width / MAX_TILE));
}

/**
 * Tiles of the GEMM variants, for GPUs with wide subgroups: 256 threads compute `rows` × `columns` outputs, 16 terms of
 * the sum at a time, each thread a part of rows/16 × columns/16. A large tile reads less, a small one leaves more
 * workgroups to a device that small batches do not fill.
 */
export interface GemmTile {
  readonly rows: number;
  readonly columns: number;
}

const GEMM_THREADS = 256;
const GEMM_DEPTH = 16;

/** Workgroups that a product of `rows` × `columns` outputs needs. */
export const gemmGroups = (tile: GemmTile, rows: number, columns: number): number =>
  Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);

/** Workgroups that keep a large GPU busy. */
const BUSY = 128;

/**
 * The tiles that come into question, in order of preference: the largest where it gives work enough, the small one where
 * a middle one would not.
 *
 * @param shape rows and columns of the product, for what decides how many workgroups there are
 */
export function gemmVariants<P>(
  make: (tile: GemmTile) => Pick<Variant<P>, 'grid' | 'wgsl'>,
  shape: (p: P) => { readonly rows: number; readonly columns: number; readonly splits?: number },
): Readonly<Record<'tiled128' | 'tiled32' | 'tiled64', Variant<P>>> {
  const groups = (tile: GemmTile, p: P): number => {
    const { rows, columns, splits = 1 } = shape(p);
    return gemmGroups(tile, rows, columns) * splits;
  };
  const variant = (tile: GemmTile, enough: (p: P) => boolean): Variant<P> => ({
    ...make(tile),
    available: (_, { maxInvocations, maxWorkgroupStorage }) =>
      maxInvocations >= GEMM_THREADS && maxWorkgroupStorage >= GEMM_DEPTH * (tile.rows + 1 + tile.columns + 1) * 4,
    suits: (p, traits) => !isSoftware(traits) && enough(p),
  });
  const [large, middle, small] = [
    { rows: 128, columns: 64 },
    { rows: 64, columns: 64 },
    { rows: 32, columns: 32 },
  ] as const;
  return {
    tiled128: variant(large, (p) => groups(large, p) >= 2 * BUSY),
    tiled32: variant(small, (p) => groups(middle, p) < BUSY),
    tiled64: variant(middle, () => true),
  };
}

/** The tile as WGSL constants. */
export const gemmConstants = ({ rows, columns }: GemmTile): Record<string, number> => ({
  TILE_ROWS: rows,
  TILE_COLUMNS: columns,
  ROWS: rows / 16,
  COLUMNS: columns / 16,
  DEPTH: GEMM_DEPTH,
});

/** Subgroups of up to 8 lanes are SIMD registers of a CPU: there, a load costs more than twenty products. */
export const isSoftware = ({ subgroupSize }: Traits): boolean => subgroupSize > 0 && subgroupSize <= 8;

export const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** WGSL of a value where a condition holds, else of zero; no condition, written as '', always holds. */
export const orZero = (condition: string, value: string): string =>
  condition === '' ? value : `select(0.0, ${value}, ${condition})`;

/** Taps up to which the resident variants hold their weights, and those up to which they do for two lane-fulls of channels. */
const MAX_RESIDENT_TAPS = 49;
const MAX_DOUBLE_TAPS = 25;
/** Rows for which a resident subgroup uses the weights that it has loaded, at most. */
const MAX_RESIDENT_ROWS = 64;
/** Workgroups below which a resident variant would rather load weights more often: cores would have nothing to do. */
const LEAST_GROUPS = 16;

/** Whether a resident variant runs: on software GPUs, whose registers are memory near by, for kernels that are not too large. */
export const canReside = (p: Conv2dParams, traits: Traits): boolean =>
  isSoftware(traits) && p.kernelWidth > 1 && p.kernelHeight * p.kernelWidth <= MAX_RESIDENT_TAPS;

/**
 * How the resident variants cut their work: a subgroup computes `groups` lane-fulls of channels, of which there are `columns`,
 * for a run of `rows`.
 *
 * @param channels of what is computed
 * @param allRows of the batch
 */
export function residentCut(
  { kernelHeight, kernelWidth }: Conv2dParams,
  lanes: number,
  channels: number,
  allRows: number,
): { readonly groups: number; readonly columns: number; readonly rows: number } {
  const groups = channels > lanes && kernelHeight * kernelWidth <= MAX_DOUBLE_TAPS ? 2 : 1;
  const columns = Math.ceil(channels / (lanes * groups));
  return { groups, columns, rows: Math.min(MAX_RESIDENT_ROWS, Math.ceil((allRows * columns) / LEAST_GROUPS)) };
}

/** Workgroups of a resident variant. */
export function residentGrid(
  { columns, rows }: ReturnType<typeof residentCut>,
  allRows: number,
): [number, number, number] {
  const runs = Math.ceil(allRows / rows);
  return [Math.min(runs, 65535), Math.ceil(runs / 65535), columns];
}

/**
 * Declares `w_0`, `w_1`, …: the weights that a resident subgroup holds, [tap][channel of the chunk][group].
 *
 * They are read in a loop that the compiler cannot unroll, and named one by one behind it: it keeps named values in registers
 * or next to them, but took half a minute for as many loads written out.
 *
 * @param weight WGSL of one, for tap `t`, channel `c` and a group
 */
export const residentWeights = (
  taps: number,
  chunk: number,
  groups: number,
  weight: (group: number) => string,
): string => `
    var weights: array<f32, ${taps * chunk * groups}>;
    for (var i = 0u; i < min(${taps * chunk}u, arrayLength(&w)); i++) {
      let t = i / CHUNK;
      let c = i % CHUNK;
${range(groups)
  .map((g) => `      weights[i * ${groups}u + ${g}u] = ${weight(g)};`)
  .join('\n')}
    }
${range(taps * chunk * groups)
  .map((i) => `    let w_${i} = weights[${i}];`)
  .join('\n')}`;

/** Weights that a lane of the narrow variants holds in registers. */
const MAX_HELD = 36;

/**
 * The narrow variants are for inputs of few channels, as images have: there a lane-full of neighbouring elements of a
 * row holds several pixels, and all taps' weights of an output channel fit into a lane's registers.
 */
export const isNarrow = (p: Conv2dParams, { subgroupSize }: Traits): boolean =>
  p.inChannels < subgroupSize && p.kernelHeight * p.kernelWidth * p.inChannels <= MAX_HELD && p.batch <= 65535;

/** Declares the registers that hold the inputs under a tile of the narrow variants: `x_ROW_VECTOR`, a row for each ky. */
export function narrowInput(p: Conv2dParams, lanes: number, tile: number): string {
  const span = (tile - 1) * p.strideWidth + p.kernelWidth;
  // Without padding, whatever lies outside the image is under no tap that counts.
  const padded =
    p.padTop > 0 ||
    p.padLeft > 0 ||
    (p.outHeight - 1) * p.strideHeight + p.kernelHeight > p.height ||
    (p.outWidth - 1) * p.strideWidth + p.kernelWidth > p.width;
  return range(p.kernelHeight)
    .flatMap((ky) => [
      `      let row_${ky} = i32(oy * STRIDE_H + ${ky}u) - PAD_TOP;`,
      ...range(Math.ceil((span * p.inChannels) / lanes)).flatMap((v) => [
        `      let at_${ky}_${v} = (i32(left * STRIDE_W) - PAD_LEFT) * i32(IN) + i32(${v * lanes}u + lane);`,
        `      let x_${ky}_${v} = ${padded ? 'select(0.0, ' : ''}x[(n * HEIGHT + u32(row_${ky})) * WIDTH * IN + u32(at_${ky}_${v})]${
          padded
            ? `, row_${ky} >= 0 && row_${ky} < i32(HEIGHT) && at_${ky}_${v} >= 0 && at_${ky}_${v} < i32(WIDTH * IN))`
            : ''
        };`,
      ]),
    ])
    .join('\n');
}

/** The value in {@link narrowInput} under tap (ky, kx, ci) of a tile's pixel `i`. */
export function narrowTap(p: Conv2dParams, lanes: number, i: number, ky: number, kx: number, ci: number): string {
  const element = (i * p.strideWidth + kx) * p.inChannels + ci;
  return `subgroupBroadcast(x_${ky}_${Math.floor(element / lanes)}, ${element % lanes}u)`;
}

/**
 * conv2d backward weights: the gradients of the kernel and of the bias.
 *
 *   dW[ky, kx, ci, co] = Σ_{n, oy, ox} X[n, oy·sh + ky − top, ox·sw + kx − left, ci] · dY[n, oy, ox, co]
 *                   + decay · W[ky, kx, ci, co]                                       dBias[co] = Σ_{n, oy, ox} dY[n, oy, ox, co]
 *
 * X (n, h, w, in), dY (n, oh, ow, out), W and dW (kh, kw, in, out), all float32, channels last. The decay is 2λ for an L2
 * penalty λ · Σ w² in the loss. The sum runs over every output pixel of the batch,
 * while there are few weights. To keep a large device busy, the output rows are cut into `splits` equal parts, and
 * part s writes its own (kh, kw, in, out) at dW[s] and (out) at dBias[s], without decay; {@link conv2dJoinWeights} adds
 * them, always in the same order.
 *
 * Variants, timed by `pnpm anke bench kernels --filter conv2d/backward-weights`:
 * - `narrow`: for inputs of one or few channels on software GPUs: a subgroup keeps the weights of all taps of a lane-full
 *   of output channels in registers; a load brings 8 neighbouring elements of an input row.
 * - `subgroup`: a subgroup keeps the weights of a row of taps × a lane-full of input channels × a lane-full of output channels,
 *   and walks over the pixels: each is loaded once for all taps, and each of its channels broadcast once.
 * - `tiled128`, `tiled64`, `tiled32`: implicit GEMM, (taps and input channels) × output channels, with tiles of three
 *   sizes in workgroup memory. For real GPUs.
 * - `plain`: a thread a weight.
 */
import { bindingBytes, constants, defineKernel, flatGrid, flatRow, type Variant } from '../runtime/kernel.js';
import { cases } from './cases.js';
import { type Conv2dParams, conv2dConstants, conv2dFlops, inputSize, kernelSize, outputSize } from './geometry.js';
import { columnSums, conv2dBackwardWeights as reference } from './reference.js';
import {
  gemmConstants,
  gemmGroups,
  gemmVariants,
  isNarrow,
  isSoftware,
  MAX_UNROLLED_TAPS,
  narrowInput,
  narrowTap,
  range,
  tileWidth,
} from './variants.js';

export interface Conv2dBackwardWeightsParams extends Conv2dParams {
  /** Parts into which the batch's output rows are cut; each writes a whole kernel of partial sums. */
  readonly splits: number;
  /** Share of the weights that is added to their gradient. */
  readonly decay: number;
}

/** The decay that a dispatch adds itself: none where its results are only parts. */
const ownDecay = (p: Conv2dBackwardWeightsParams): number => (p.splits === 1 ? p.decay : 0);
/** WGSL of what is written to dW[`i`], with its sum. */
const decayedWgsl = (p: Conv2dBackwardWeightsParams, sum: string, i: string): string =>
  ownDecay(p) === 0 ? sum : `fma(${Math.fround(ownDecay(p))}f, w[${i}], ${sum})`;

/** Output rows of one split. */
const rowsPerSplit = (p: Conv2dBackwardWeightsParams): number => Math.ceil((p.batch * p.outHeight) / p.splits);

const plain: Variant<Conv2dBackwardWeightsParams> = {
  available: () => true,
  suits: () => false,
  grid: (p) => flatGrid((kernelSize(p) + p.outChannels) * p.splits),
  wgsl: (p) => `
${constants({
  ...conv2dConstants(p),
  PARTIALS: kernelSize(p) * p.splits,
  ROW: flatRow((kernelSize(p) + p.outChannels) * p.splits),
  SPLITS: p.splits,
  ROWS_PER_SPLIT: rowsPerSplit(p),
})}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dY: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dW: array<f32>;
@group(0) @binding(4) var<storage, read_write> dBias: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= PARTIALS) {
    // The threads behind those of the weights sum the bias.
    let place = index - PARTIALS;
    if (place >= SPLITS * OUT) { return; }
    let begin = place / OUT * ROWS_PER_SPLIT * OUT_W;
    var total = 0.0;
    for (var pixel = begin; pixel < min(begin + ROWS_PER_SPLIT * OUT_W, BATCH * OUT_H * OUT_W); pixel++) {
      total += dY[pixel * OUT + place % OUT];
    }
    dBias[place] = total;
    return;
  }
  let co = index % OUT;
  let ci = index / OUT % IN;
  let kx = index / (OUT * IN) % KERNEL_W;
  let ky = index / (OUT * IN * KERNEL_W) % KERNEL_H;
  let firstRow = index / (OUT * IN * KERNEL_W * KERNEL_H) * ROWS_PER_SPLIT;
  var sum = 0.0;
  for (var row = firstRow; row < min(firstRow + ROWS_PER_SPLIT, BATCH * OUT_H); row++) {
    let iy = i32(row % OUT_H * STRIDE_H + ky) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (row / OUT_H * HEIGHT + u32(iy)) * WIDTH;
    for (var ox = 0u; ox < OUT_W; ox++) {
      let ix = i32(ox * STRIDE_W + kx) - PAD_LEFT;
      if (ix < 0 || ix >= i32(WIDTH)) { continue; }
      sum = fma(x[(line + u32(ix)) * IN + ci], dY[(row * OUT_W + ox) * OUT + co], sum);
    }
  }
  dW[index] = ${decayedWgsl(p, 'sum', 'index')};
}`,
};

const subgroup: Variant<Conv2dBackwardWeightsParams> = {
  available: (p, traits) =>
    traits.subgroupSize > 0 && traits.subgroupSize <= 32 && p.kernelWidth <= MAX_UNROLLED_TAPS && p.strideWidth <= 2,
  suits: (_, traits) => isSoftware(traits),
  grid: (p, { subgroupSize: lanes }) => [
    Math.ceil(p.outChannels / lanes),
    p.kernelHeight * Math.ceil(p.inChannels / Math.min(lanes, p.inChannels)),
    p.splits,
  ],
  wgsl: (p, { subgroupSize: lanes }) => {
    const chunk = Math.min(lanes, p.inChannels);
    const tile = tileWidth(p.outWidth);
    const pixels = range((tile - 1) * p.strideWidth + p.kernelWidth);
    const taps = range(p.kernelWidth);
    const weights = taps.flatMap((kx) => range(chunk).map((j) => ({ kx, j, name: `${kx}_${j}` })));
    /** Weights that pixel i's input channel j is a factor of, with the output that is the other. */
    const uses = (i: number, j: number): { readonly name: string; readonly output: number }[] =>
      taps
        .map((kx) => ({ name: `${kx}_${j}`, output: (i - kx) / p.strideWidth }))
        .filter(({ output }) => Number.isInteger(output) && output >= 0 && output < tile);
    return `
enable subgroups;
${constants({ ...conv2dConstants(p), ROWS_PER_SPLIT: rowsPerSplit(p), LANES: lanes, CHUNK: chunk, TILE: tile })}
const CHUNKS = (IN + CHUNK - 1u) / CHUNK;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dY: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dW: array<f32>;
@group(0) @binding(4) var<storage, read_write> dBias: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let channel = group.x * LANES + lane;
  let co = min(channel, OUT - 1u);
  let ky = group.y / CHUNKS;
  let ci = group.y % CHUNKS * CHUNK;
  let firstRow = group.z * ROWS_PER_SPLIT;
${weights.map(({ name }) => `  var sum_${name} = 0.0;`).join('\n')}
  for (var row = firstRow; row < min(firstRow + ROWS_PER_SPLIT, BATCH * OUT_H); row++) {
    let iy = i32(row % OUT_H * STRIDE_H + ky) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (row / OUT_H * HEIGHT + u32(iy)) * WIDTH;
    // A row is summed by itself and then added: the rounding error grows with the row's length and the number of rows,
    // not with their product.
${weights.map(({ name }) => `    var row_${name} = 0.0;`).join('\n')}
    for (var left = 0u; left < OUT_W; left += TILE) {
      // A lane holds one input channel of every pixel under the tile, and one output channel of every pixel of dY.
      var ix = i32(left * STRIDE_W) - PAD_LEFT;
${pixels
  .map(
    (i) =>
      `      let x_${i} = select(0.0, x[(line + u32(ix)) * IN + ci + lane], ix >= 0 && ix < i32(WIDTH) && lane < CHUNK && ci + lane < IN); ix++;`,
  )
  .join('\n')}
${range(tile)
  .map((i) => `      let y_${i} = select(0.0, dY[(row * OUT_W + left + ${i}u) * OUT + co], left + ${i}u < OUT_W);`)
  .join('\n')}
${range(chunk)
  .flatMap((j) =>
    pixels.map(
      (i) => `      {
        let factor = subgroupBroadcast(x_${i}, ${j}u);
${uses(i, j)
  .map(({ name, output }) => `        row_${name} = fma(factor, y_${output}, row_${name});`)
  .join('\n')}
      }`,
    ),
  )
  .join('\n')}
    }
${weights.map(({ name }) => `    sum_${name} += row_${name};`).join('\n')}
  }
${weights
  .map(
    ({ kx, j, name }) => `  if (ci + ${j}u < IN && channel < OUT) {
    let weight = (((group.z * KERNEL_H + ky) * KERNEL_W + ${kx}u) * IN + ci + ${j}u) * OUT + channel;
    dW[weight] = ${decayedWgsl(p, `sum_${name}`, 'weight')};
  }`,
  )
  .join('\n')}
  if (group.y == 0u) {
    var total = 0.0;
    for (var row = firstRow; row < min(firstRow + ROWS_PER_SPLIT, BATCH * OUT_H); row++) {
      var rowTotal = 0.0;
      // A bound that the compiler does not know: unrolled, this would cost it more than all the rest.
      for (var ox = 0u; ox < min(OUT_W, arrayLength(&dY)); ox++) { rowTotal += dY[(row * OUT_W + ox) * OUT + co]; }
      total += rowTotal;
    }
    if (channel < OUT) { dBias[group.z * OUT + channel] = total; }
  }
}`;
  },
};

const narrow: Variant<Conv2dBackwardWeightsParams> = {
  available: (p, traits) => traits.subgroupSize > 0 && isNarrow(p, traits) && p.splits <= 65535,
  suits: (_, traits) => isSoftware(traits),
  grid: (p, { subgroupSize }) => [Math.ceil(p.outChannels / subgroupSize), p.splits, 1],
  wgsl: (p, { subgroupSize: lanes }) => {
    const tile = tileWidth(p.outWidth);
    const taps = range(p.kernelHeight).flatMap((ky) =>
      range(p.kernelWidth).flatMap((kx) => range(p.inChannels).map((ci) => [ky, kx, ci] as const)),
    );
    return `
enable subgroups;
${constants({ ...conv2dConstants(p), ROWS_PER_SPLIT: rowsPerSplit(p), LANES: lanes, TILE: tile })}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dY: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dW: array<f32>;
@group(0) @binding(4) var<storage, read_write> dBias: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let channel = group.x * LANES + lane;
  let co = min(channel, OUT - 1u);
  let firstRow = group.y * ROWS_PER_SPLIT;
${taps.map((_, t) => `  var sum${t} = 0.0;`).join('\n')}
  var total = 0.0;
  for (var row = firstRow; row < min(firstRow + ROWS_PER_SPLIT, BATCH * OUT_H); row++) {
    let n = row / OUT_H;
    let oy = row % OUT_H;
    // A row is summed by itself and then added, which keeps the rounding error small.
${taps.map((_, t) => `    var row${t} = 0.0;`).join('\n')}
    var rowTotal = 0.0;
    for (var left = 0u; left < OUT_W; left += TILE) {
      ${narrowInput(p, lanes, tile)}
${range(tile)
  .map((i) => {
    const value = `dY[(row * OUT_W + left + ${i}u) * OUT + co]`;
    return `      let y_${i} = ${p.outWidth % tile === 0 ? value : `select(0.0, ${value}, left + ${i}u < OUT_W)`};
      rowTotal += y_${i};`;
  })
  .join('\n')}
${taps
  .flatMap(([ky, kx, ci], t) =>
    range(tile).map((i) => `      row${t} = fma(${narrowTap(p, lanes, i, ky, kx, ci)}, y_${i}, row${t});`),
  )
  .join('\n')}
    }
${taps.map((_, t) => `    sum${t} += row${t};`).join('\n')}
    total += rowTotal;
  }
  if (channel < OUT) {
    dBias[group.y * OUT + channel] = total;
${taps
  .map((_, t) => {
    const weight = `(group.y * ${taps.length}u + ${t}u) * OUT + channel`;
    return `    dW[${weight}] = ${decayedWgsl(p, `sum${t}`, weight)};`;
  })
  .join('\n')}
  }
}`;
  },
};

const tiled = gemmVariants<Conv2dBackwardWeightsParams>(
  (tile) => ({
    grid: (p) => [
      Math.ceil((p.kernelHeight * p.kernelWidth * p.inChannels) / tile.rows),
      Math.ceil(p.outChannels / tile.columns),
      p.splits,
    ],
    wgsl: (p) => `
${constants({ ...conv2dConstants(p), ...gemmConstants(tile), ROWS_PER_SPLIT: rowsPerSplit(p) })}
const TAPS = KERNEL_H * KERNEL_W * IN; // rows of the product
const PITCH = TILE_ROWS + 1u;
const PITCH_Y = TILE_COLUMNS + 1u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dY: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dW: array<f32>;
@group(0) @binding(4) var<storage, read_write> dBias: array<f32>;

var<workgroup> tileX: array<f32, DEPTH * PITCH>;
var<workgroup> tileY: array<f32, DEPTH * PITCH_Y>;

// The input under a tap (ky, kx, ci) of an output pixel, or zero in the padding.
fn input(pixel: u32, tap: u32) -> f32 {
  let ci = tap % IN;
  let kx = tap / IN % KERNEL_W;
  let ky = tap / (IN * KERNEL_W);
  let ix = i32(pixel % OUT_W * STRIDE_W + kx) - PAD_LEFT;
  let iy = i32(pixel / OUT_W % OUT_H * STRIDE_H + ky) - PAD_TOP;
  if (tap >= TAPS || ix < 0 || ix >= i32(WIDTH) || iy < 0 || iy >= i32(HEIGHT)) { return 0.0; }
  return x[((pixel / (OUT_W * OUT_H) * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * IN + ci];
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let firstTap = group.x * TILE_ROWS;
  let firstChannel = group.y * TILE_COLUMNS;
  let first = group.z * ROWS_PER_SPLIT * OUT_W;
  let end = min((group.z + 1u) * ROWS_PER_SPLIT, BATCH * OUT_H) * OUT_W;
  var sum: array<array<f32, COLUMNS>, ROWS>;
  var total: array<f32, COLUMNS>; // of the columns, in the threads that write the bias
  let writesBias = group.x == 0u && local.y == 0u;
  for (var pixel = first; pixel < end; pixel += DEPTH) {
    // Neighbouring threads read neighbouring channels.
    for (var i = thread; i < DEPTH * TILE_ROWS; i += 256u) {
      let source = pixel + i / TILE_ROWS;
      var factor = 0.0;
      if (source < end) { factor = input(source, firstTap + i % TILE_ROWS); }
      tileX[i / TILE_ROWS * PITCH + i % TILE_ROWS] = factor;
    }
    for (var i = thread; i < DEPTH * TILE_COLUMNS; i += 256u) {
      let source = pixel + i / TILE_COLUMNS;
      let channel = firstChannel + i % TILE_COLUMNS;
      var gradient = 0.0;
      if (source < end && channel < OUT) { gradient = dY[source * OUT + channel]; }
      tileY[i / TILE_COLUMNS * PITCH_Y + i % TILE_COLUMNS] = gradient;
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      var factor: array<f32, ROWS>;
      for (var i = 0u; i < ROWS; i++) { factor[i] = tileX[k * PITCH + local.y * ROWS + i]; }
      for (var j = 0u; j < COLUMNS; j++) {
        let gradient = tileY[k * PITCH_Y + j * 16u + local.x];
        if (writesBias) { total[j] += gradient; }
        for (var i = 0u; i < ROWS; i++) { sum[i][j] = fma(factor[i], gradient, sum[i][j]); }
      }
    }
    workgroupBarrier();
  }
  for (var j = 0u; j < COLUMNS; j++) {
    let channel = firstChannel + j * 16u + local.x;
    if (channel >= OUT) { continue; }
    if (writesBias) { dBias[group.z * OUT + channel] = total[j]; }
    for (var i = 0u; i < ROWS; i++) {
      let tap = firstTap + local.y * ROWS + i;
      let weight = (group.z * TAPS + tap) * OUT + channel;
      if (tap < TAPS) { dW[weight] = ${decayedWgsl(p, 'sum[i][j]', 'weight')}; }
    }
  }
}`,
  }),
  (p) => ({ rows: p.kernelHeight * p.kernelWidth * p.inChannels, columns: p.outChannels, splits: p.splits }),
);

const parts = (p: Conv2dBackwardWeightsParams): number => kernelSize(p) * p.splits;

const bindings = {
  x: { access: 'read', type: 'f32', length: inputSize },
  dY: { access: 'read', type: 'f32', length: outputSize },
  w: { access: 'read', type: 'f32', length: kernelSize },
  dW: { access: 'write', type: 'f32', length: parts },
  dBias: { access: 'write', type: 'f32', length: (p: Conv2dBackwardWeightsParams) => p.outChannels * p.splits },
} as const;

export const conv2dBackwardWeights = defineKernel<Conv2dBackwardWeightsParams, keyof typeof bindings>({
  name: 'conv2d/backward-weights',
  bindings,
  variants: { narrow, subgroup, ...tiled, plain },
  cost: (p) => ({ flops: conv2dFlops(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => rowsPerSplit(p) * p.outWidth + 2,
  // Part s is the gradient that its own output rows give: the reference over dY with all other rows zero.
  reference: (p, { x, dY, w }) => {
    const split = rowsPerSplit(p) * p.outWidth * p.outChannels;
    const dW = new Float64Array(parts(p));
    const dBias = new Float64Array(p.outChannels * p.splits);
    for (let s = 0; s < p.splits; s++) {
      const part = new Float64Array(dY.length);
      part.set(dY.subarray(s * split, (s + 1) * split), Math.min(s * split, dY.length));
      dW.set(reference(p, x, part), s * kernelSize(p));
      dBias.set(columnSums(part, p.outChannels), s * p.outChannels);
    }
    return { dW: dW.map((value, i) => value + ownDecay(p) * (w[i % w.length] as number)), dBias };
  },
  cases: cases.map((p, i) => ({ ...p, splits: (i % 3) + 1, decay: i % 2 === 0 ? 0 : 0.02 })),
});

const joinBindings = {
  parts: { access: 'read', type: 'f32', length: parts },
  biasParts: { access: 'read', type: 'f32', length: (p: Conv2dBackwardWeightsParams) => p.outChannels * p.splits },
  w: { access: 'read', type: 'f32', length: kernelSize },
  dW: { access: 'write', type: 'f32', length: kernelSize },
  dBias: { access: 'write', type: 'f32', length: (p: Conv2dBackwardWeightsParams) => p.outChannels },
} as const;

/** dW and dBias from the parts of {@link conv2dBackwardWeights}, a thread a weight. */
export const conv2dJoinWeights = defineKernel<Conv2dBackwardWeightsParams, keyof typeof joinBindings>({
  name: 'conv2d/join-weights',
  bindings: joinBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(kernelSize(p) + p.outChannels),
      wgsl: (p) => `
${constants({
  WEIGHTS: kernelSize(p),
  OUT: p.outChannels,
  SPLITS: p.splits,
  ROW: flatRow(kernelSize(p) + p.outChannels),
  DECAY: { f32: p.decay },
})}
@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<storage, read> biasParts: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dW: array<f32>;
@group(0) @binding(4) var<storage, read_write> dBias: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i < WEIGHTS) {
    var sum = 0.0;
    for (var s = 0u; s < SPLITS; s++) { sum += parts[s * WEIGHTS + i]; }
    dW[i] = fma(DECAY, w[i], sum);
  } else if (i < WEIGHTS + OUT) {
    let co = i - WEIGHTS;
    var sum = 0.0;
    for (var s = 0u; s < SPLITS; s++) { sum += biasParts[s * OUT + co]; }
    dBias[co] = sum;
  }
}`,
    },
  },
  cost: (p) => ({ flops: (kernelSize(p) + p.outChannels) * (p.splits + 2), bytes: bindingBytes(joinBindings, p) }),
  terms: (p) => p.splits + 2,
  reference: (p, inputs) => ({
    dW: columnSums(inputs.parts, kernelSize(p)).map((sum, i) => sum + p.decay * (inputs.w[i] as number)),
    dBias: columnSums(inputs.biasParts, p.outChannels),
  }),
  cases: cases
    .slice(0, 12)
    .map((p, i) => ({ ...p, splits: [2, 7, 33][i % 3] as number, decay: i % 2 === 0 ? 0 : 0.02 })),
});

/**
 * Splits that give a device enough work: as many as make some hundreds of tiles, of at least 256 pixels each. Where
 * subgroups are a CPU's, there is always work enough; there, a split is what its caches hold, of 64 images.
 */
export function weightSplits(p: Conv2dParams, software: boolean): number {
  if (software) return Math.ceil(p.batch / 64);
  const tiles = gemmGroups({ rows: 64, columns: 64 }, p.kernelHeight * p.kernelWidth * p.inChannels, p.outChannels);
  const pixels = p.batch * p.outHeight * p.outWidth;
  return Math.max(1, Math.min(Math.ceil(512 / tiles), Math.ceil(pixels / 256), p.batch * p.outHeight, 256));
}

/**
 * conv2d backward data: the gradient of the input.
 *
 *   dX[n, iy, ix, ci] = Σ_{ky, kx, co} dY[n, oy, ox, co] · W[ky, kx, ci, co]
 *   over the taps for which oy = (iy + top − ky) / sh and ox = (ix + left − kx) / sw are whole and inside the output.
 *
 * With a mask, X is the output of a relu (with dropout behind it, perhaps), and dX is taken through that at once:
 * mask · dX where X is positive, else 0.
 *
 * Each input gathers from the outputs that read it, so that no two threads add to the same place.
 * dY (n, oh, ow, out), W (kh, kw, in, out), X and dX (n, h, w, in), all float32, channels last.
 *
 * Variants, timed by `pnpm anke bench kernels --filter conv2d/backward-data`:
 * - `resident`: for stride 1 on software GPUs: a subgroup holds the weights of all taps × 8 output channels × 16 input
 *   channels and goes along the rows of dY that reach a row of dX. Each element of dY is added to the sums of the inputs that
 *   it reaches, of which there are as many as a kernel row is wide; the leftmost is complete then and is added to dX in memory.
 *   At batch 256, 35 to 51 and 24 to 35 GFLOP/s for the notebook's second and third convolution, where `subgroup` does 9 to 15
 *   and 7 to 13.
 * - `subgroup`: for stride 1: a subgroup computes a run of pixels of one row for an input channel a lane, as in the
 *   forward direction; it keeps the sums in registers, which is better where there is a single tap. The taps of a row
 *   are written out: as a loop, lavapipe's compiler leaves it rolled up and is 6 times slower.
 * - `tiled128`, `tiled64`, `tiled32`: implicit GEMM, pixels × input channels, with tiles of three sizes in workgroup
 *   memory. For real GPUs.
 * - `plain`: a thread an input.
 */
import {
  type Binding,
  bindingBytes,
  constants,
  defineKernel,
  flatGrid,
  flatRow,
  type Variant,
} from '../runtime/kernel.js';
import { cases } from './cases.js';
import { type Conv2dParams, conv2dConstants, conv2dFlops, inputSize, kernelSize, outputSize } from './geometry.js';
import { masked, conv2dBackwardData as reference } from './reference.js';
import {
  canReside,
  gemmConstants,
  gemmVariants,
  isSoftware,
  MAX_UNROLLED_TAPS,
  orZero,
  range,
  residentCut,
  residentGrid,
  residentWeights,
  tileWidth,
} from './variants.js';

export interface Conv2dBackwardDataParams extends Conv2dParams {
  /** The factor 1 / (1 − rate) of the dropout behind the relu that X comes from, 1 without dropout; 0 without relu. */
  readonly mask: number;
}

/** WGSL of the gradient that is written for element `i`, with its sum. */
const maskedWgsl = ({ mask }: Conv2dBackwardDataParams, sum: string, i: string): string =>
  mask === 0 ? sum : `select(0.0, ${mask === 1 ? '' : 'MASK * '}${sum}, x[${i}] > 0.0)`;

const plain: Variant<Conv2dBackwardDataParams> = {
  available: () => true,
  suits: () => false,
  grid: (p) => flatGrid(inputSize(p)),
  wgsl: (p) => `
${constants({ ...conv2dConstants(p), MASK: { f32: p.mask }, INPUTS: inputSize(p), ROW: flatRow(inputSize(p)) })}

@group(0) @binding(0) var<storage, read> dY: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> dX: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= INPUTS) { return; }
  let ci = index % IN;
  let ix = index / IN % WIDTH;
  let iy = index / (IN * WIDTH) % HEIGHT;
  let n = index / (IN * WIDTH * HEIGHT);
  var sum = 0.0;
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    let down = i32(iy) + PAD_TOP - i32(ky);
    if (down < 0 || down % i32(STRIDE_H) != 0 || down / i32(STRIDE_H) >= i32(OUT_H)) { continue; }
    for (var kx = 0u; kx < KERNEL_W; kx++) {
      let right = i32(ix) + PAD_LEFT - i32(kx);
      if (right < 0 || right % i32(STRIDE_W) != 0 || right / i32(STRIDE_W) >= i32(OUT_W)) { continue; }
      let source = ((n * OUT_H + u32(down) / STRIDE_H) * OUT_W + u32(right) / STRIDE_W) * OUT;
      let tap = ((ky * KERNEL_W + kx) * IN + ci) * OUT;
      // A bound that the compiler does not know: unrolled, small images took it eight seconds.
      for (var co = 0u; co < min(OUT, arrayLength(&w)); co++) {
        sum = fma(dY[source + co], w[tap + co], sum);
      }
    }
  }
  dX[index] = ${maskedWgsl(p, 'sum', 'index')};
}`,
};

const subgroup: Variant<Conv2dBackwardDataParams> = {
  available: (p, traits) =>
    traits.subgroupSize > 0 && p.kernelWidth <= MAX_UNROLLED_TAPS && p.strideHeight === 1 && p.strideWidth === 1,
  suits: (_, traits) => isSoftware(traits),
  grid: (p, traits) => {
    const rows = p.batch * p.height;
    const channels = Math.ceil(p.inChannels / traits.subgroupSize);
    return [Math.min(rows, 65535), Math.ceil(rows / 65535), Math.ceil(p.width / tileWidth(p.width)) * channels];
  },
  wgsl: (p, traits) => {
    const lanes = traits.subgroupSize;
    const chunk = Math.min(lanes, p.outChannels);
    const tile = tileWidth(p.width);
    // Outputs that read a tile: the whole row of them, or those from `first` on, counted from the tile's left edge.
    const whole = tile === p.width;
    const first = whole ? 0 : p.padLeft - (p.kernelWidth - 1);
    const span = whole ? p.outWidth : tile + p.kernelWidth - 1;
    return `
enable subgroups;
${constants({
  ...conv2dConstants(p),
  MASK: { f32: p.mask },
  LANES: lanes,
  CHUNK: chunk,
  TILE: tile,
  TILES: Math.ceil(p.width / tile),
  FIRST: { i32: first },
  SPAN: span,
})}

@group(0) @binding(0) var<storage, read> dY: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> dX: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.y * 65535u + group.x;
  if (row >= BATCH * HEIGHT) { return; }
  let n = row / HEIGHT;
  let iy = row % HEIGHT;
  let left = group.z % TILES * TILE;
  let channel = group.z / TILES * LANES + lane;
  let ci = min(channel, IN - 1u);

  var sum: array<f32, TILE>;
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    let oy = i32(iy) + PAD_TOP - i32(ky);
    if (oy < 0 || oy >= i32(OUT_H)) { continue; }
    let line = (n * OUT_H + u32(oy)) * OUT_W;
    for (var co = 0u; co < OUT; co += CHUNK) {
      // A lane holds one output channel of every output that reads the tile.
      var outputs: array<f32, SPAN>;
      for (var i = 0u; i < SPAN; i++) {
        let ox = i32(left + i) + FIRST;
        let inside = ox >= 0 && ox < i32(OUT_W) && lane < CHUNK && co + lane < OUT;
        outputs[i] = select(0.0, dY[(line + u32(ox)) * OUT + co + lane], inside);
      }
      let tap = (ky * KERNEL_W * IN + ci) * OUT + co;
${range(p.kernelWidth)
  .map((kx) => {
    // Outputs begin … end-1 reach the tile by this tap: output i lies above pixel i + shift.
    const shift = kx + first - p.padLeft;
    const begin = Math.max(0, -shift);
    const end = Math.min(span, tile - shift);
    if (end <= begin) return '';
    return range(chunk)
      .map(
        (j) => `
      if (OUT % CHUNK == 0u || co + ${j}u < OUT) {
        let weight = w[tap + ${kx}u * IN * OUT + ${j}u];
        for (var i = 0u; i < ${end - begin}u; i++) {
          sum[i + ${begin + shift}u] = fma(subgroupBroadcast(outputs[i + ${begin}u], ${j}u), weight, sum[i + ${begin + shift}u]);
        }
      }`,
      )
      .join('');
  })
  .join('')}
    }
  }
  for (var i = 0u; i < TILE; i++) {
    let input = (row * WIDTH + left + i) * IN + channel;
    if (left + i < WIDTH && channel < IN) { dX[input] = ${maskedWgsl(p, 'sum[i]', 'input')}; }
  }
}`;
  },
};

const cut = (p: Conv2dParams, lanes: number): ReturnType<typeof residentCut> =>
  residentCut(p, lanes, p.inChannels, p.batch * p.height);

const resident: Variant<Conv2dBackwardDataParams> = {
  available: (p, traits) => subgroup.available(p, traits) && canReside(p, traits),
  grid: (p, { subgroupSize: lanes }) => residentGrid(cut(p, lanes), p.batch * p.height),
  wgsl: (p, { subgroupSize: lanes }) => {
    const chunk = Math.min(lanes, p.outChannels);
    const rows = range(p.kernelHeight);
    const taps = range(p.kernelWidth);
    const groups = range(cut(p, lanes).groups);
    /** Adds what has been summed for tap kx to pixel `ix` of the row. */
    const emit = (kx: number, ix: string): string =>
      groups
        .map(
          (g) => `
        ${p.inChannels % (lanes * groups.length) === 0 ? '' : `if (channel + ${g}u * LANES < IN) `}{
          let i = (row * WIDTH + ${ix}) * IN + channel + ${g}u * LANES;
          var sum = sum_${kx}_${g};
          if (co > 0u) { sum += dX[i]; }
          ${p.mask === 0 ? '' : `if (co + CHUNK >= OUT) { sum = ${maskedWgsl(p, 'sum', 'i')}; }`}
          dX[i] = sum;
        }`,
        )
        .join('');
    return `
enable subgroups;
${constants({
  ...conv2dConstants(p),
  MASK: { f32: p.mask },
  LANES: lanes,
  CHUNK: chunk,
  ROWS: cut(p, lanes).rows,
  GROUPS: groups.length,
})}

@group(0) @binding(0) var<storage, read> dY: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> dX: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let top = (group.y * 65535u + group.x) * ROWS;
  let bottom = min(top + ROWS, BATCH * HEIGHT);
  let channel = group.z * GROUPS * LANES + lane;
${groups.map((g) => `  let ci_${g} = min(channel + ${g}u * LANES, IN - 1u);`).join('\n')}
  for (var co = 0u; co < OUT; co += CHUNK) {${residentWeights(
    p.kernelHeight * p.kernelWidth,
    chunk,
    groups.length,
    (g) => orZero(p.outChannels % chunk === 0 ? '' : 'co + c < OUT', `w[(t * IN + ci_${g}) * OUT + co + c]`),
  )}
    for (var row = top; row < bottom; row++) {
      // The row of dY under tap ky is oy − ky.
      let oy = i32(row % HEIGHT) + PAD_TOP;
${rows
  .map(
    (ky) => `      let inside_${ky} = oy >= ${ky} && oy - ${ky} < i32(OUT_H);
      var at_${ky} = u32(i32(row / HEIGHT * OUT_H) + oy - ${ky}) * OUT_W * OUT + co + lane;`,
  )
  .join('\n')}
${taps.flatMap((kx) => groups.map((g) => `      var sum_${kx}_${g} = 0.0;`)).join('\n')}
      // The sum of tap kx is that of the input at ox − PAD_LEFT + kx.
      for (var ox = 0u; ox < OUT_W; ox++) {
${rows
  .map((ky) => {
    const inside = [
      ...(chunk === lanes ? [] : ['lane < CHUNK']),
      ...(p.outChannels % chunk === 0 ? [] : ['co + lane < OUT']),
    ].join(' && ');
    return `        if (inside_${ky}) {
          let y = ${orZero(inside, `dY[at_${ky}]`)};
${range(chunk)
  .map(
    (j) => `          let factor_${j} = subgroupBroadcast(y, ${j}u);
${taps
  .flatMap((kx) =>
    groups.map(
      (g) =>
        `          sum_${kx}_${g} = fma(factor_${j}, w_${((ky * p.kernelWidth + kx) * chunk + j) * groups.length + g}, sum_${kx}_${g});`,
    ),
  )
  .join('\n')}`,
  )
  .join('\n')}
        }
        at_${ky} += OUT;`;
  })
  .join('\n')}
        if (ox >= u32(PAD_LEFT)) {${emit(0, '(ox - u32(PAD_LEFT))')}
        }
${taps.flatMap((kx) => groups.map((g) => `        sum_${kx}_${g} = ${kx + 1 < p.kernelWidth ? `sum_${kx + 1}_${g}` : '0.0'};`)).join('\n')}
      }
${taps
  .slice(0, -1)
  .filter((kx) => p.outWidth - p.padLeft + kx >= 0 && p.outWidth - p.padLeft + kx < p.width)
  .map((kx) => emit(kx, `${p.outWidth - p.padLeft + kx}u`))
  .join('\n')}
    }
  }
}`;
  },
};

const tiled = gemmVariants<Conv2dBackwardDataParams>(
  (tile) => ({
    grid: (p) => {
      const rows = Math.ceil((p.batch * p.height * p.width) / tile.rows);
      return [Math.min(rows, 65535), Math.ceil(rows / 65535), Math.ceil(p.inChannels / tile.columns)];
    },
    wgsl: (p) => `
${constants({ ...conv2dConstants(p), ...gemmConstants(tile), MASK: { f32: p.mask } })}
const PIXELS = BATCH * HEIGHT * WIDTH; // rows of the product
const TERMS = KERNEL_H * KERNEL_W * OUT; // length of its sums
const PITCH = TILE_ROWS + 1u; // one more than the tile, so that a column's loads fall into different banks
const PITCH_W = TILE_COLUMNS + 1u;

@group(0) @binding(0) var<storage, read> dY: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> dX: array<f32>;

var<workgroup> tileY: array<f32, DEPTH * PITCH>;
var<workgroup> tileW: array<f32, DEPTH * PITCH_W>;

// The term'th factor from dY of an input pixel: the output that reads it by tap (ky, kx), channel co, or zero if none.
fn output(pixel: u32, term: u32) -> f32 {
  let co = term % OUT;
  let kx = term / OUT % KERNEL_W;
  let ky = term / (OUT * KERNEL_W);
  let right = i32(pixel % WIDTH) + PAD_LEFT - i32(kx);
  let down = i32(pixel / WIDTH % HEIGHT) + PAD_TOP - i32(ky);
  if (pixel >= PIXELS || term >= TERMS || right < 0 || down < 0) { return 0.0; }
  let ox = u32(right) / STRIDE_W;
  let oy = u32(down) / STRIDE_H;
  if (u32(right) % STRIDE_W != 0u || u32(down) % STRIDE_H != 0u || ox >= OUT_W || oy >= OUT_H) { return 0.0; }
  return dY[((pixel / (WIDTH * HEIGHT) * OUT_H + oy) * OUT_W + ox) * OUT + co];
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let firstPixel = (group.y * 65535u + group.x) * TILE_ROWS;
  let firstChannel = group.z * TILE_COLUMNS;
  var sum: array<array<f32, COLUMNS>, ROWS>;
  for (var term = 0u; term < TERMS; term += DEPTH) {
    // Neighbouring threads read neighbouring output channels, of dY and of W.
    for (var i = thread; i < DEPTH * TILE_ROWS; i += 256u) {
      tileY[i % DEPTH * PITCH + i / DEPTH] = output(firstPixel + i / DEPTH, term + i % DEPTH);
    }
    for (var i = thread; i < DEPTH * TILE_COLUMNS; i += 256u) {
      let row = term + i % DEPTH;
      let column = firstChannel + i / DEPTH;
      var weight = 0.0;
      if (row < TERMS && column < IN) { weight = w[(row / OUT * IN + column) * OUT + row % OUT]; }
      tileW[i % DEPTH * PITCH_W + i / DEPTH] = weight;
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      var factor: array<f32, ROWS>;
      for (var i = 0u; i < ROWS; i++) { factor[i] = tileY[k * PITCH + local.y * ROWS + i]; }
      for (var j = 0u; j < COLUMNS; j++) {
        let weight = tileW[k * PITCH_W + j * 16u + local.x];
        for (var i = 0u; i < ROWS; i++) { sum[i][j] = fma(factor[i], weight, sum[i][j]); }
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < ROWS; i++) {
    let pixel = firstPixel + local.y * ROWS + i;
    for (var j = 0u; j < COLUMNS; j++) {
      let channel = firstChannel + j * 16u + local.x;
      let input = pixel * IN + channel;
      if (pixel < PIXELS && channel < IN) { dX[input] = ${maskedWgsl(p, 'sum[i][j]', 'input')}; }
    }
  }
}`,
  }),
  (p) => ({ rows: p.batch * p.height * p.width, columns: p.inChannels }),
);

const bindings = {
  dY: { access: 'read', type: 'f32', length: outputSize },
  w: { access: 'read', type: 'f32', length: kernelSize },
  x: { access: 'read', type: 'f32', length: inputSize },
  dX: { access: 'write', type: 'f32', length: inputSize },
} as const satisfies Record<string, Binding<Conv2dBackwardDataParams>>;

export const conv2dBackwardData = defineKernel<Conv2dBackwardDataParams, keyof typeof bindings>({
  name: 'conv2d/backward-data',
  bindings,
  variants: { resident, subgroup, ...tiled, plain },
  cost: (p) => ({ flops: conv2dFlops(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.kernelHeight * p.kernelWidth * p.outChannels + 1,
  reference: (p, { dY, w, x }) => ({ dX: masked(reference(p, dY, w), x, p.mask) }),
  cases: cases.map((p, i) => ({ ...p, mask: [0, 1, 4 / 3][i % 3] as number })),
});

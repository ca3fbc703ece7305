/**
 * conv2d forward: Y = X ∗ W + bias, with relu and dropout if asked.
 *
 *   Y[n, oy, ox, co] = bias[co] + Σ_{ky, kx, ci} X[n, oy·sh + ky − top, ox·sw + kx − left, ci] · W[ky, kx, ci, co]
 *
 * X (n, h, w, in), W (kh, kw, in, out), bias (out), Y (n, oh, ow, out), all float32, channels last.
 *
 * Variants, timed by `pnpm anke bench kernels --filter conv2d/forward`:
 * - `narrow`: for inputs of one or few channels on software GPUs: a subgroup holds all weights of some output channels
 *   and takes them down the image. A load brings 8 neighbouring elements of a row, which are handed on by broadcast. The
 *   notebook's first convolution: 12 GFLOP/s and more, where `subgroup` does 2.
 * - `subgroup`: a subgroup computes a run of pixels of one row for 2 to 4 channels a lane. It loads the input once for all
 *   taps of a kernel row and hands each value to the lanes by broadcast. For software GPUs, whose time goes into loads.
 * - `resident`: for software GPUs: a subgroup holds the weights of all taps × 8 input channels × 16 output channels, and
 *   moves a window over the input's rows: each step loads one new column of it, and adds the window's products to Y in
 *   memory. Its sums are kept in four parts, as a product waits for the one before in the same sum. At batch 256, the
 *   notebook's second and third convolution run at 33 to 45 and 29 GFLOP/s, where `subgroup` does 14 to 20 and 11.
 * - `tiled128`, `tiled64`, `tiled32`: implicit GEMM, pixels × channels, with tiles of three sizes in workgroup memory.
 *   For real GPUs.
 * - `plain`: a thread an output. Runs everywhere.
 *
 * Tried on lavapipe and lost: several rows in the registers of a `subgroup` (4 × 9 pixels × 8 channels: 8.8 GFLOP/s, 1 × 9 × 16: 11.7),
 * shuffles with a running lane in place of broadcasts with a constant one (4.3 to 11.5), and switching Dawn's bounds
 * checks off (no gain: the driver checks bounds itself). Winograd's F(2 × 2, 3 × 3) for the third convolution: its 16 products alone
 * take longer than the direct convolution.
 */
import { type DropoutRule, dropoutReference, dropoutWgsl } from '../dropout/rule.js';
import {
  type Binding,
  bindingBytes,
  constants,
  defineKernel,
  flatGrid,
  flatRow,
  type Traits,
  type Variant,
} from '../runtime/kernel.js';
import { cases } from './cases.js';
import { type Conv2dParams, conv2dConstants, conv2dFlops, inputSize, kernelSize, outputSize } from './geometry.js';
import { conv2dForward as reference } from './reference.js';
import {
  canReside,
  gemmConstants,
  gemmVariants,
  isNarrow,
  isSoftware,
  MAX_UNROLLED_TAPS,
  narrowInput,
  narrowTap,
  orZero,
  range,
  residentCut,
  residentGrid,
  residentWeights,
  tileWidth,
} from './variants.js';

export interface Conv2dForwardParams extends Conv2dParams {
  readonly relu: boolean;
  /** Drops elements of the output, as the kernel `dropout` would. */
  readonly dropout?: DropoutRule;
}

/** WGSL of `finish(sum, i)`: what becomes of element i's sum before it is written. */
const finishWgsl = ({ relu, dropout }: Conv2dForwardParams): string => `
${dropout ? dropoutWgsl(dropout) : ''}
fn finish(sum: f32, i: u32) -> f32 {
  let value = ${relu ? 'max(sum, 0.0)' : 'sum'};
  ${dropout ? 'return select(0.0, value * KEPT_SCALE, words(i / 4u, step[0])[i % 4u] >= DROP_BELOW);' : 'return value;'}
}`;

const plain: Variant<Conv2dForwardParams> = {
  available: () => true,
  suits: () => false,
  grid: (p) => flatGrid(outputSize(p)),
  wgsl: (p) => `
${constants({ ...conv2dConstants(p), OUTPUTS: outputSize(p), ROW: flatRow(outputSize(p)) })}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
${finishWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= OUTPUTS) { return; }
  let co = index % OUT;
  let ox = index / OUT % OUT_W;
  let oy = index / (OUT * OUT_W) % OUT_H;
  let n = index / (OUT * OUT_W * OUT_H);
  var sum = 0.0;
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    let iy = i32(oy * STRIDE_H + ky) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    for (var kx = 0u; kx < KERNEL_W; kx++) {
      let ix = i32(ox * STRIDE_W + kx) - PAD_LEFT;
      if (ix < 0 || ix >= i32(WIDTH)) { continue; }
      let source = ((n * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * IN;
      let tap = (ky * KERNEL_W + kx) * IN * OUT + co;
      for (var ci = 0u; ci < IN; ci++) {
        sum = fma(x[source + ci], w[tap + ci * OUT], sum);
      }
    }
  }
  y[index] = finish(sum + bias[co], index);
}`,
};

/**
 * Groups of `lanes` channels that one subgroup computes: more of them where the input has few channels to share loads, one
 * where there is a single tap and little to share, for the compiler's sake.
 */
function columnsOf(p: Conv2dParams, { subgroupSize }: Traits): number {
  const groups = Math.ceil(p.outChannels / subgroupSize);
  if (p.kernelWidth === 1) return 1;
  return Math.min(groups, p.inChannels < subgroupSize ? 4 : 2);
}

const subgroup: Variant<Conv2dForwardParams> = {
  available: (p, traits) => traits.subgroupSize > 0 && p.kernelWidth <= MAX_UNROLLED_TAPS && p.strideWidth <= 2,
  suits: (_, traits) => isSoftware(traits),
  grid: (p, traits) => {
    const rows = p.batch * p.outHeight;
    const channels = Math.ceil(p.outChannels / (traits.subgroupSize * columnsOf(p, traits)));
    return [Math.min(rows, 65535), Math.ceil(rows / 65535), Math.ceil(p.outWidth / tileWidth(p.outWidth)) * channels];
  },
  wgsl: (p, traits) => {
    const lanes = traits.subgroupSize;
    const chunk = Math.min(lanes, p.inChannels);
    return `
enable subgroups;
${constants({
  ...conv2dConstants(p),
  LANES: lanes,
  COLUMNS: columnsOf(p, traits),
  CHUNK: chunk,
  TILE: tileWidth(p.outWidth),
})}
// Input pixels under a tile, and tiles in a row.
const SPAN = (TILE - 1u) * STRIDE_W + KERNEL_W;
const TILES = (OUT_W + TILE - 1u) / TILE;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
${finishWgsl(p)}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.y * 65535u + group.x;
  if (row >= BATCH * OUT_H) { return; }
  let n = row / OUT_H;
  let oy = row % OUT_H;
  let left = group.z % TILES * TILE;
  let firstChannel = group.z / TILES * COLUMNS * LANES + lane;

  var channel: array<u32, COLUMNS>;
  var sum: array<f32, TILE * COLUMNS>;
  for (var c = 0u; c < COLUMNS; c++) { channel[c] = min(firstChannel + c * LANES, OUT - 1u); }
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    let iy = i32(oy * STRIDE_H + ky) - PAD_TOP;
    if (iy < 0 || iy >= i32(HEIGHT)) { continue; }
    let line = (n * HEIGHT + u32(iy)) * WIDTH;
    var part = array<f32, TILE * COLUMNS>();
    for (var ci = 0u; ci < IN; ci += CHUNK) {
      // A lane holds one input channel of every pixel under the tile.
      var pixels: array<f32, SPAN>;
      for (var i = 0u; i < SPAN; i++) {
        let ix = i32(left * STRIDE_W + i) - PAD_LEFT;
        let inside = ix >= 0 && ix < i32(WIDTH) && lane < CHUNK && ci + lane < IN;
        pixels[i] = select(0.0, x[(line + u32(ix)) * IN + ci + lane], inside);
      }
      let taps = (ky * KERNEL_W * IN + ci) * OUT;
      for (var kx = 0u; kx < KERNEL_W; kx++) {
${Array.from(
  { length: chunk },
  (_, j) => `
        if (IN % CHUNK == 0u || ci + ${j}u < IN) {
          for (var c = 0u; c < COLUMNS; c++) {
            let weight = w[taps + (kx * IN + ${j}u) * OUT + channel[c]];
            for (var i = 0u; i < TILE; i++) {
              part[i * COLUMNS + c] = fma(subgroupBroadcast(pixels[i * STRIDE_W + kx], ${j}u), weight, part[i * COLUMNS + c]);
            }
          }
        }`,
).join('')}
      }
    }
    for (var i = 0u; i < TILE * COLUMNS; i++) { sum[i] += part[i]; }
  }
  for (var i = 0u; i < TILE; i++) {
    if (left + i < OUT_W) {
      for (var c = 0u; c < COLUMNS; c++) {
        if (firstChannel + c * LANES < OUT) {
          let output = (row * OUT_W + left + i) * OUT + channel[c];
          let value = sum[i * COLUMNS + c] + bias[channel[c]];
          y[output] = ${p.dropout ? 'value' : 'finish(value, output)'};
        }
      }
    }
  }
${
  p.dropout
    ? `
  // Random numbers are long to compile: so they stand in a loop that is not unrolled.
  for (var i = 0u; i < min(TILE, OUT_W - left); i++) {
    for (var co = firstChannel; co < min(firstChannel + COLUMNS * LANES, OUT); co += LANES) {
      let output = (row * OUT_W + left + i) * OUT + co;
      y[output] = finish(y[output], output);
    }
  }`
    : ''
}
}`;
  },
};

/** Groups of a lane-full of output channels that a `narrow` subgroup computes. */
const narrowColumns = (p: Conv2dParams, { subgroupSize }: Traits): number =>
  Math.min(
    Math.ceil(p.outChannels / subgroupSize),
    Math.max(1, Math.floor(18 / (p.kernelHeight * p.kernelWidth * p.inChannels))),
  );
/** Rows that a `narrow` subgroup computes: all of an image, or fewer where the batch alone gives too little work. */
const narrowRows = (p: Conv2dParams): number => Math.ceil(p.outHeight / Math.ceil(8 / p.batch));

const narrow: Variant<Conv2dForwardParams> = {
  available: (p, traits) => traits.subgroupSize > 0 && isNarrow(p, traits),
  suits: (_, traits) => isSoftware(traits),
  grid: (p, traits) => [
    p.batch,
    Math.ceil(p.outHeight / narrowRows(p)),
    Math.ceil(p.outChannels / (traits.subgroupSize * narrowColumns(p, traits))),
  ],
  wgsl: (p, traits) => {
    const lanes = traits.subgroupSize;
    const tile = tileWidth(p.outWidth);
    const columns = range(narrowColumns(p, traits));
    const [kys, kxs, cis] = [range(p.kernelHeight), range(p.kernelWidth), range(p.inChannels)];
    return `
enable subgroups;
${constants({
  ...conv2dConstants(p),
  LANES: lanes,
  COLUMNS: columns.length,
  TILE: tile,
  ROWS: narrowRows(p),
})}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
${finishWgsl(p)}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let n = group.x;
${columns
  .map(
    (c) => `
  let channel${c} = (group.z * COLUMNS + ${c}u) * LANES + lane;
  let co${c} = min(channel${c}, OUT - 1u);
  let bias${c} = bias[co${c}];
${kys.flatMap((ky) => kxs.flatMap((kx) => cis.map((ci) => `  let w_${ky}_${kx}_${ci}_${c} = w[((${ky}u * KERNEL_W + ${kx}u) * IN + ${ci}u) * OUT + co${c}];`))).join('\n')}`,
  )
  .join('')}
  for (var oy = group.y * ROWS; oy < min((group.y + 1u) * ROWS, OUT_H); oy++) {
    for (var left = 0u; left < OUT_W; left += TILE) {
      // A lane holds every LANES-th element of the input rows under the tile.
      ${narrowInput(p, lanes, tile)}
      let place = ((n * OUT_H + oy) * OUT_W + left) * OUT;
${range(tile)
  .map((i) => {
    const last = `${p.outWidth % tile === 0 ? '' : `if (left + ${i}u < OUT_W) `}`;
    return `
      ${last}{
${columns
  .map(
    (c) => `
        {
          var sum = 0.0;
${kys
  .map(
    (ky) => `
          {
            var part = 0.0;
            ${kxs.flatMap((kx) => cis.map((ci) => `part = fma(${narrowTap(p, lanes, i, ky, kx, ci)}, w_${ky}_${kx}_${ci}_${c}, part);`)).join('\n            ')}
            sum += part;
          }`,
  )
  .join('')}
          let output = place + ${i}u * OUT + channel${c};
          ${p.outChannels % (lanes * columns.length) === 0 ? '' : `if (channel${c} < OUT) `}{ y[output] = finish(sum + bias${c}, output); }
        }`,
  )
  .join('')}
      }`;
  })
  .join('')}
    }
  }
}`;
  },
};

const cut = (p: Conv2dParams, lanes: number): ReturnType<typeof residentCut> =>
  residentCut(p, lanes, p.outChannels, p.batch * p.outHeight);

const resident: Variant<Conv2dForwardParams> = {
  available: (p, traits) => subgroup.available(p, traits) && canReside(p, traits),
  suits: (p, traits) => !isNarrow(p, traits),
  grid: (p, { subgroupSize: lanes }) => residentGrid(cut(p, lanes), p.batch * p.outHeight),
  wgsl: (p, { subgroupSize: lanes }) => {
    const chunk = Math.min(lanes, p.inChannels);
    const taps = range(p.kernelHeight).flatMap((ky) => range(p.kernelWidth).map((kx) => [ky, kx] as const));
    const groups = range(cut(p, lanes).groups);
    // Of a window's columns, those that the next window has too, and those that it does not.
    const kept = Math.max(0, p.kernelWidth - p.strideWidth);
    const isKept = ([, kx]: readonly [number, number]): boolean => kx < kept;
    // Beside the image is zero. Without padding, nothing that counts lies there.
    const padded = {
      rows: p.padTop > 0 || (p.outHeight - 1) * p.strideHeight + p.kernelHeight > p.height,
      columns: p.padLeft > 0 || (p.outWidth - 1) * p.strideWidth + p.kernelWidth > p.width,
    };
    /** The part of a sum to which the products of the chunk's channel j go: two channels each. */
    const part = (group: number, j: number): string => `sum_${group}.${'xyzw'[Math.floor(j / 2) % 4]}`;
    const input = ([ky, kx]: readonly [number, number]): string => {
      const inside = [
        ...(padded.rows ? [`inside_${ky}`] : []),
        ...(padded.columns ? [`ix + ${kx} >= 0 && ix + ${kx} < i32(WIDTH)`] : []),
        ...(chunk === lanes ? [] : ['lane < CHUNK']),
        ...(p.inChannels % chunk === 0 ? [] : ['ci + lane < IN']),
      ];
      return `x_${ky}_${kx} = ${orZero(inside.join(' && '), `x[at_${ky} + ${kx}u * IN]`)};`;
    };
    return `
enable subgroups;
${constants({
  ...conv2dConstants(p),
  LANES: lanes,
  CHUNK: chunk,
  ROWS: cut(p, lanes).rows,
  GROUPS: groups.length,
})}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
${finishWgsl(p)}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let top = (group.y * 65535u + group.x) * ROWS;
  let bottom = min(top + ROWS, BATCH * OUT_H);
  let channel = group.z * GROUPS * LANES + lane;
${groups.map((g) => `  let co_${g} = min(channel + ${g}u * LANES, OUT - 1u);\n  let bias_${g} = bias[co_${g}];`).join('\n')}
  for (var ci = 0u; ci < IN; ci += CHUNK) {${residentWeights(taps.length, chunk, groups.length, (g) =>
    orZero(p.inChannels % chunk === 0 ? '' : 'ci + c < IN', `w[(t * IN + ci + c) * OUT + co_${g}]`),
  )}
    for (var row = top; row < bottom; row++) {
      let iy = i32(row % OUT_H * STRIDE_H) - PAD_TOP;
${range(p.kernelHeight)
  .map(
    (ky) => `      let inside_${ky} = iy + ${ky} >= 0 && iy + ${ky} < i32(HEIGHT);
      var at_${ky} = u32((i32(row / OUT_H * HEIGHT) + iy + ${ky}) * i32(WIDTH) - PAD_LEFT) * IN + ci + lane;`,
  )
  .join('\n')}
      // The window over the input: in each of its pixels, a lane holds one channel.
      var ix = -PAD_LEFT;
${taps.map(([ky, kx]) => `      var x_${ky}_${kx} = 0.0;`).join('\n')}
      ${taps.filter(isKept).map(input).join('\n      ')}
      for (var ox = 0u; ox < OUT_W; ox++) {
        ${taps
          .filter((tap) => !isKept(tap))
          .map(input)
          .join('\n        ')}
        // Sums in parts: one would wait for itself, product after product, and round more.
${groups.map((g) => `        var sum_${g} = vec4f();`).join('\n')}
${taps
  .flatMap(([ky, kx], t) =>
    range(chunk).map(
      (j) => `        {
          let factor = subgroupBroadcast(x_${ky}_${kx}, ${j}u);
${groups.map((g) => `          ${part(g, j)} = fma(factor, w_${(t * chunk + j) * groups.length + g}, ${part(g, j)});`).join('\n')}
        }`,
    ),
  )
  .join('\n')}
        let place = (row * OUT_W + ox) * OUT + channel;
${groups
  .map(
    (g) => `        ${p.outChannels % (lanes * groups.length) === 0 ? '' : `if (channel + ${g}u * LANES < OUT) `}{
          let i = place + ${g}u * LANES;
          var sum = (sum_${g}.x + sum_${g}.y) + (sum_${g}.z + sum_${g}.w);
          if (ci > 0u) { sum += y[i]; }
          if (ci + CHUNK >= IN) { sum = finish(sum + bias_${g}, i); }
          y[i] = sum;
        }`,
  )
  .join('\n')}
${taps
  .filter(isKept)
  .map(([ky, kx]) => `        x_${ky}_${kx} = x_${ky}_${kx + p.strideWidth};`)
  .join('\n')}
        ix += i32(STRIDE_W);
${range(p.kernelHeight)
  .map((ky) => `        at_${ky} += STRIDE_W * IN;`)
  .join('\n')}
      }
    }
  }
}`;
  },
};

const tiled = gemmVariants<Conv2dForwardParams>(
  (tile) => ({
    grid: (p) => {
      const rows = Math.ceil((p.batch * p.outHeight * p.outWidth) / tile.rows);
      return [Math.min(rows, 65535), Math.ceil(rows / 65535), Math.ceil(p.outChannels / tile.columns)];
    },
    wgsl: (p) => `
${constants({ ...conv2dConstants(p), ...gemmConstants(tile) })}
const PIXELS = BATCH * OUT_H * OUT_W; // rows of the product
const TERMS = KERNEL_H * KERNEL_W * IN; // length of its sums
const PITCH = TILE_ROWS + 1u; // one more than the tile, so that a column's loads fall into different banks

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
${finishWgsl(p)}

var<workgroup> tileX: array<f32, DEPTH * PITCH>;
var<workgroup> tileW: array<f32, DEPTH * TILE_COLUMNS>;

// The term'th factor from X of a pixel: the input under tap (ky, kx), channel ci, or zero in the padding.
fn input(pixel: u32, term: u32) -> f32 {
  let ci = term % IN;
  let kx = term / IN % KERNEL_W;
  let ky = term / (IN * KERNEL_W);
  let ix = i32(pixel % OUT_W * STRIDE_W + kx) - PAD_LEFT;
  let iy = i32(pixel / OUT_W % OUT_H * STRIDE_H + ky) - PAD_TOP;
  let inside = pixel < PIXELS && term < TERMS && ix >= 0 && ix < i32(WIDTH) && iy >= 0 && iy < i32(HEIGHT);
  if (!inside) { return 0.0; }
  return x[((pixel / (OUT_W * OUT_H) * HEIGHT + u32(iy)) * WIDTH + u32(ix)) * IN + ci];
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let firstPixel = (group.y * 65535u + group.x) * TILE_ROWS;
  let firstChannel = group.z * TILE_COLUMNS;
  var sum: array<array<f32, COLUMNS>, ROWS>;
  for (var term = 0u; term < TERMS; term += DEPTH) {
    // Neighbouring threads read neighbouring input channels, then neighbouring output channels.
    for (var i = thread; i < DEPTH * TILE_ROWS; i += 256u) {
      tileX[i % DEPTH * PITCH + i / DEPTH] = input(firstPixel + i / DEPTH, term + i % DEPTH);
    }
    for (var i = thread; i < DEPTH * TILE_COLUMNS; i += 256u) {
      let row = term + i / TILE_COLUMNS;
      let column = firstChannel + i % TILE_COLUMNS;
      var weight = 0.0;
      if (row < TERMS && column < OUT) { weight = w[row * OUT + column]; }
      tileW[i] = weight;
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      var factor: array<f32, ROWS>;
      for (var i = 0u; i < ROWS; i++) { factor[i] = tileX[k * PITCH + local.y * ROWS + i]; }
      for (var j = 0u; j < COLUMNS; j++) {
        let weight = tileW[k * TILE_COLUMNS + j * 16u + local.x];
        for (var i = 0u; i < ROWS; i++) { sum[i][j] = fma(factor[i], weight, sum[i][j]); }
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < ROWS; i++) {
    let pixel = firstPixel + local.y * ROWS + i;
    for (var j = 0u; j < COLUMNS; j++) {
      let channel = firstChannel + j * 16u + local.x;
      if (pixel < PIXELS && channel < OUT) {
        let output = pixel * OUT + channel;
        y[output] = finish(sum[i][j] + bias[channel], output);
      }
    }
  }
}`,
  }),
  (p) => ({ rows: p.batch * p.outHeight * p.outWidth, columns: p.outChannels }),
);

const bindings = {
  x: { access: 'read', type: 'f32', length: inputSize },
  w: { access: 'read', type: 'f32', length: kernelSize },
  bias: { access: 'read', type: 'f32', length: (p: Conv2dForwardParams) => p.outChannels },
  /** The step's number: each drops others. */
  step: { access: 'read', type: 'u32', length: () => 1, sample: (_, draw) => draw.integer(1000) },
  y: { access: 'write', type: 'f32', length: outputSize },
} as const satisfies Record<string, Binding<Conv2dForwardParams>>;

export const conv2dForward = defineKernel<Conv2dForwardParams, keyof typeof bindings>({
  name: 'conv2d/forward',
  bindings,
  variants: {
    narrow,
    resident,
    subgroup,
    ...tiled,
    plain,
  },
  cost: (p) => ({ flops: conv2dFlops(p) + outputSize(p), bytes: bindingBytes(bindings, p) }),
  terms: (p) => p.kernelHeight * p.kernelWidth * p.inChannels + 3,
  reference: (p, { x, w, bias, step }) => {
    const y = reference(p, x, w, bias);
    return { y: p.dropout ? dropoutReference(p.dropout, y, step[0] as number) : y };
  },
  cases: cases.map((p, i) => ({
    ...p,
    relu: i % 2 === 0,
    ...(i % 3 === 1 ? { dropout: { rate: 0.25, seed: i, layer: 2 } } : {}),
  })),
});

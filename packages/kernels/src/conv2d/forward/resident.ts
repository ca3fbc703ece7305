/**
 * conv2d forward for software GPUs: a subgroup keeps its weights in registers while it walks over the input.
 *
 * A subgroup holds the weights of all taps × some lane-fulls (CHUNK) of input channels × GROUPS lane-fulls of output
 * channels, and takes them along ROWS output rows. Over the input moves a window as large as the kernel; in each of its
 * pixels, a lane holds an input channel of each lane-full, which `subgroupBroadcast` hands to the lanes, a lane an
 * output channel. A step to the right loads only the window's new columns. The window's products are added to Y in
 * memory, chunk after chunk of input channels; the last chunk finishes them. Each sum is kept as four partial sums,
 * because additions to a single one would have to wait for each other.
 *
 * At batch 256, the notebook's second and third convolution run at 33 to 45 and 29 GFLOP/s, where `subgroup` does 14 to
 * 20 and 11. Timed by `pnpm anke bench kernels --filter conv2d/forward --variant resident`. Winograd's F(2 × 2, 3 × 3)
 * for the third convolution lost: its 16 products alone take longer than the direct convolution. So did whole rows of
 * outputs at a time: their code does not fit into the cores' caches.
 */
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import type { Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { conv2dConstants } from '../geometry.js';
import { isNarrow } from '../narrow.js';
import {
  type Cut,
  canReside,
  partsOf,
  type ResidentShape,
  residentCut,
  residentGrid,
  residentWeight,
  residentWeights,
} from '../resident.js';
import { orZero, range, unroll } from '../unrolled.js';
import { biased, type Conv2dForwardParams } from './params.js';
import { subgroup } from './subgroup.js';

type Shape = ResidentShape<Conv2dForwardParams>;

const cut = (p: Conv2dForwardParams, lanes: number): Cut =>
  residentCut(p, lanes, { summed: p.inChannels, computed: p.outChannels }, p.batch * p.outHeight);

/** A pixel of the window. */
type Pixel = readonly [ky: number, kx: number];

const windowOf = ({ p }: Shape): Pixel[] =>
  range(p.kernelHeight * p.kernelWidth).map((t) => [Math.floor(t / p.kernelWidth), t % p.kernelWidth]);

/** Whether the window's next position has this pixel too, `strideWidth` further to the left. */
const isKept =
  ({ p }: Shape) =>
  ([, kx]: Pixel): boolean =>
    kx < p.kernelWidth - p.strideWidth;

/** What a lane holds of a pixel of the window: a channel of a lane-full. */
const heldName = ([ky, kx]: Pixel, part: number): string => `x_${ky}_${kx}_${part}`;

/** Loads a pixel of the window; outside the image and outside the chunk, the value is zero. */
function load(shape: Shape, [ky, kx]: Pixel): string {
  const { p } = shape;
  // Without padding, no tap reaches outside the image.
  const rowsArePadded = p.padTop > 0 || (p.outHeight - 1) * p.strideHeight + p.kernelHeight > p.height;
  const columnsArePadded = p.padLeft > 0 || (p.outWidth - 1) * p.strideWidth + p.kernelWidth > p.width;
  const inside = [
    ...(rowsArePadded ? [`inside_${ky}`] : []),
    ...(columnsArePadded ? [`ix + ${kx} >= 0`, `ix + ${kx} < i32(WIDTH)`] : []),
  ];
  return unroll(partsOf(shape, 'ci', [p.inChannels, 'IN']), (part) => {
    const value = `f32(x[offset_${ky} + ${kx}u * IN${part.offset}])`;
    return `${heldName([ky, kx], part.index)} = ${orZero([...inside, ...part.inside], value)};`;
  });
}

/** The part of a group's sum to which the products of the chunk's channel j go: two channels each. */
const part = (group: number, j: number): string => `sum_${group}.${'xyzw'[Math.floor(j / 2) % 4]}`;

/** The products of channel j of the window's pixel t. */
function products(shape: Shape, pixel: Pixel, t: number, j: number): string {
  const product = (g: number): string =>
    `          ${part(g, j)} = fma(factor, ${residentWeight(shape, t, j, g)}, ${part(g, j)});`;
  return `        {
          let factor = subgroupBroadcast(${heldName(pixel, Math.floor(j / shape.lanes))}, ${j % shape.lanes}u);
${unroll(range(shape.groups), product)}
        }`;
}

/** Adds a group's sum to Y. */
function write({ p, lanes, groups }: Shape, g: number): string {
  const isWhole = p.outChannels % (lanes * groups) === 0;
  return `        ${isWhole ? '' : `if (channel + ${g}u * LANES < OUT) `}{
          let i = output + ${g}u * LANES;
          var sum = (sum_${g}.x + sum_${g}.y) + (sum_${g}.z + sum_${g}.w);
          if (ci > 0u) { sum += y[i]; }
          if (ci + CHUNK >= IN) { sum = finish(${biased(p, 'sum', `bias_${g}`)}, i); }
          y[i] = sum;
        }`;
}

export const resident: Variant<Conv2dForwardParams> = {
  subgroups: true,
  accumulates: true,
  available: (p, traits) => subgroup.available(p, traits) && canReside(p, traits),
  suits: (p, traits) => !isNarrow(p, traits),
  grid: (p, { subgroupSize: lanes }) => residentGrid(cut(p, lanes), p.batch * p.outHeight),
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => {
    const { chunk, groups, rows } = cut(p, lanes);
    const shape: Shape = { p, lanes, chunk, groups };
    const pixels = windowOf(shape);
    const kept = pixels.filter(isKept(shape));
    const fresh = pixels.filter((pixel) => !isKept(shape)(pixel));
    const kernelRows = range(p.kernelHeight);
    const weights = residentWeights({ taps: pixels.length, chunk, groups }, (g) =>
      orZero(p.inChannels % chunk === 0 ? [] : ['ci + c < IN'], `w[(t * IN + ci + c) * OUT + co_${g}]`),
    );
    const declareChannel = (g: number): string => `  let co_${g} = min(channel + ${g}u * LANES, OUT - 1u);
${p.epilogue.bias ? `  let bias_${g} = bias[co_${g}];` : ''}`;
    const declareRow = (ky: number): string => `
      let inside_${ky} = (iy + ${ky} >= 0) & (iy + ${ky} < i32(HEIGHT));
      var offset_${ky} = u32((i32(row / OUT_H * HEIGHT) + iy + ${ky}) * i32(WIDTH) - PAD_LEFT) * IN + ci + lane;`;
    const forParts = (text: (part: number) => string): string => unroll(range(Math.ceil(chunk / lanes)), text);
    const shift = ([ky, kx]: Pixel): string =>
      forParts((part) => `        ${heldName([ky, kx], part)} = ${heldName([ky, kx + p.strideWidth], part)};`);
    return `
${constants({ ...conv2dConstants(p), LANES: lanes, CHUNK: chunk, ROWS: rows, GROUPS: groups })}
${epilogueWgsl(p.epilogue)}

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let top = (group.y * 65535u + group.x) * ROWS;
  let bottom = min(top + ROWS, BATCH * OUT_H);
  let channel = group.z * GROUPS * LANES + lane;
${unroll(range(groups), declareChannel)}
  for (var ci = 0u; ci < IN; ci += CHUNK) {${weights}
    for (var row = top; row < bottom; row++) {
      let iy = i32(row % OUT_H * STRIDE_H) - PAD_TOP;
${unroll(kernelRows, declareRow)}
      var ix = -PAD_LEFT;
${unroll(pixels, (pixel) => forParts((part) => `      var ${heldName(pixel, part)} = 0.0;`))}
${unroll(kept, (pixel) => `      ${load(shape, pixel)}`)}
      for (var ox = 0u; ox < OUT_W; ox++) {
${unroll(fresh, (pixel) => `        ${load(shape, pixel)}`)}
${unroll(range(groups), (g) => `        var sum_${g} = vec4f();`)}
${pixels.map((pixel, t) => unroll(range(chunk), (j) => products(shape, pixel, t, j))).join('\n')}
        let output = (row * OUT_W + ox) * OUT + channel;
${unroll(range(groups), (g) => write(shape, g))}
${unroll(kept, shift)}
        ix += i32(STRIDE_W);
${unroll(kernelRows, (ky) => `        offset_${ky} += STRIDE_W * IN;`)}
      }
    }
  }
}`;
  },
};

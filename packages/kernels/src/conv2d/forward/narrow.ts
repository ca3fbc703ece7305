/**
 * conv2d forward for inputs of one or few channels on software GPUs: an image's first convolution.
 *
 * A subgroup holds all weights of COLUMNS lane-fulls of output channels, a channel a lane, and takes them down ROWS
 * rows of an image. A load brings a lane-full of neighbouring elements of an input row, and each is handed on by
 * `subgroupBroadcast`: see conv2d/narrow.ts. A kernel row is summed by itself and then added.
 *
 * The notebook's first convolution: 12 GFLOP/s and more, where `subgroup` does 2.
 * Timed by `pnpm anke bench kernels --filter conv2d/forward --variant narrow`.
 */
import { epilogueWgsl } from '../../epilogue/epilogue.js';
import type { Traits, Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { conv2dConstants } from '../geometry.js';
import { isNarrow, narrowFactor, narrowInput, type Tap, tapsOf } from '../narrow.js';
import { tileWidth } from '../tile.js';
import { range, unroll } from '../unrolled.js';
import { biased, type Conv2dForwardParams } from './params.js';

/**
 * Products of one output up to which a subgroup takes more than one lane-full of channels, as many as this has room
 * for.
 */
const MAX_PRODUCTS = 18;

/** Lane-fulls of output channels that a subgroup computes. */
const columnsOf = (p: Conv2dForwardParams, { subgroupSize }: Traits): number =>
  Math.min(
    Math.ceil(p.outChannels / subgroupSize),
    Math.max(1, Math.floor(MAX_PRODUCTS / (p.kernelHeight * p.kernelWidth * p.inChannels))),
  );

/** Rows that a subgroup computes: all of an image, or fewer where the batch alone gives too little work. */
const rowsOf = (p: Conv2dForwardParams): number => Math.ceil(p.outHeight / Math.ceil(8 / p.batch));

const weight = ([ky, kx, ci]: Tap, column: number): string => `w_${ky}_${kx}_${ci}_${column}`;

/** Declares the channel of a column, its bias and its weights. */
const declareColumn = (p: Conv2dForwardParams, c: number): string => `
  let channel_${c} = (group.z * COLUMNS + ${c}u) * LANES + lane;
  let co_${c} = min(channel_${c}, OUT - 1u);
${p.epilogue.bias ? `  let bias_${c} = bias[co_${c}];` : ''}
${unroll(
  tapsOf(p),
  ([ky, kx, ci]) =>
    `  let ${weight([ky, kx, ci], c)} = w[((${ky}u * KERNEL_W + ${kx}u) * IN + ${ci}u) * OUT + co_${c}];`,
)}`;

/** Adds the products of a kernel row for pixel i and a column. */
function addKernelRow(p: Conv2dForwardParams, lanes: number, ky: number, [i, c]: readonly [number, number]): string {
  const taps = tapsOf(p).filter((tap) => tap[0] === ky);
  return `          {
            var part = 0.0;
${unroll(taps, (tap) => `            part = fma(${narrowFactor(p, lanes, i, tap)}, ${weight(tap, c)}, part);`)}
            sum += part;
          }`;
}

/** Computes and writes pixel i of the run, for a column. */
function output(p: Conv2dForwardParams, traits: Traits, i: number, c: number): string {
  const lanes = traits.subgroupSize;
  const isWhole = p.outChannels % (lanes * columnsOf(p, traits)) === 0;
  return `        {
          var sum = 0.0;
${unroll(range(p.kernelHeight), (ky) => addKernelRow(p, lanes, ky, [i, c]))}
          let output = offset + ${i}u * OUT + channel_${c};
          ${isWhole ? '' : `if (channel_${c} < OUT) `}{
            y[output] = y_t(finish(${biased(p, 'sum', `bias_${c}`)}, output));
          }
        }`;
}

export const narrow: Variant<Conv2dForwardParams> = {
  subgroups: true,
  available: isNarrow,
  suits: (_, { software }) => software,
  grid: (p, traits) => [
    p.batch,
    Math.ceil(p.outHeight / rowsOf(p)),
    Math.ceil(p.outChannels / (traits.subgroupSize * columnsOf(p, traits))),
  ],
  wgsl: (p, traits) => {
    const lanes = traits.subgroupSize;
    const tile = tileWidth(p.outWidth);
    const columns = range(columnsOf(p, traits));
    const pixel = (i: number): string => `
      ${p.outWidth % tile === 0 ? '' : `if (left + ${i}u < OUT_W) `}{
${unroll(columns, (c) => output(p, traits, i, c))}
      }`;
    return `
${constants({ ...conv2dConstants(p), LANES: lanes, COLUMNS: columns.length, TILE: tile, ROWS: rowsOf(p) })}
${epilogueWgsl(p.epilogue)}

${subgroupEntryPoint(traits.pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let n = group.x;
${unroll(columns, (c) => declareColumn(p, c))}
  for (var oy = group.y * ROWS; oy < min((group.y + 1u) * ROWS, OUT_H); oy++) {
    for (var left = 0u; left < OUT_W; left += TILE) {
      // A lane holds every LANES-th element of the input rows under the run.
${narrowInput(p, lanes, tile)}
      let offset = ((n * OUT_H + oy) * OUT_W + left) * OUT;
${unroll(range(tile), pixel)}
    }
  }
}`;
  },
};

/**
 * conv2d backward data for software GPUs, with stride 1: a subgroup keeps its weights in registers and walks over dY.
 *
 * A subgroup holds the weights of all taps × some lane-fulls (CHUNK) of output channels × GROUPS lane-fulls of input
 * channels, and takes them along ROWS rows of dX. It walks along the rows of dY that reach a row of dX: lane j loads
 * channel j of each lane-full of an element, and `subgroupBroadcast` hands it to all lanes, a lane an input channel,
 * where it is added to the sums of all inputs that it reaches. Of these there are as many as a kernel row is wide. The
 * leftmost is complete then and is added to dX in memory; each other sum becomes that of the tap to its left. The last
 * chunk of output channels finishes what it writes.
 *
 * At batch 256, 35 to 51 and 24 to 35 GFLOP/s for the notebook's second and third convolution, where `subgroup` does 9
 * to 15 and 7 to 13. Timed by `pnpm anke bench kernels --filter conv2d/backward-data --variant resident`.
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants, subgroupEntryPoint } from '../../runtime/wgsl.js';
import { conv2dConstants } from '../geometry.js';
import {
  type Cut,
  canReside,
  type Part,
  partsOf,
  type ResidentShape,
  residentCut,
  residentGrid,
  residentWeight,
  residentWeights,
} from '../resident.js';
import { orZero, range, unroll } from '../unrolled.js';
import { type Conv2dBackwardDataParams, finishWgsl, isFinished } from './params.js';
import { subgroup } from './subgroup.js';

type Shape = ResidentShape<Conv2dBackwardDataParams>;

const cut = (p: Conv2dBackwardDataParams, lanes: number): Cut =>
  residentCut(p, lanes, { summed: p.outChannels, computed: p.inChannels }, p.batch * p.height);

/** One text for each sum: of tap kx, which is that of the input at ox − PAD_LEFT + kx, for group g. */
const forSums = ({ p, groups }: Shape, text: (kx: number, g: number) => string): string =>
  unroll(range(p.kernelWidth * groups), (i) => text(Math.floor(i / groups), i % groups));

/** Adds what has been summed for tap kx to pixel `ix` of the row. */
function emit({ p, lanes, groups }: Shape, kx: number, ix: string): string {
  const isWhole = p.inChannels % (lanes * groups) === 0;
  const group = (g: number): string => `
        ${isWhole ? '' : `if (channel + ${g}u * LANES < IN) `}{
          let i = (row * WIDTH + ${ix}) * IN + channel + ${g}u * LANES;
          var sum = sum_${kx}_${g};
          if (co > 0u) { sum += dX[i]; }
          ${isFinished(p) ? 'if (co + CHUNK >= OUT) { sum = finish(sum, i); }' : ''}
          dX[i] = sum;
        }`;
  return unroll(range(groups), group);
}

/** The products of the chunk's output channel j under tap row ky with the weights of the row. */
function products(shape: Shape, ky: number, j: number): string {
  const weight = (kx: number, g: number): string => residentWeight(shape, ky * shape.p.kernelWidth + kx, j, g);
  return `          let factor_${j} = subgroupBroadcast(y_${Math.floor(j / shape.lanes)}, ${j % shape.lanes}u);
${forSums(shape, (kx, g) => `          sum_${kx}_${g} = fma(factor_${j}, ${weight(kx, g)}, sum_${kx}_${g});`)}`;
}

/** Takes one element of the row of dY under tap row ky. */
function take(shape: Shape, ky: number): string {
  const load = ({ index, offset, inside }: Part): string =>
    `          let y_${index} = ${orZero(inside, `dY[offset_${ky}${offset}]`)};`;
  return `        if (inside_${ky}) {
${unroll(partsOf(shape, 'co', [shape.p.outChannels, 'OUT']), load)}
${unroll(range(shape.chunk), (j) => products(shape, ky, j))}
        }
        offset_${ky} += OUT;`;
}

/** The sums that are not complete at the end of a row of dY: those of the inputs to the right of the last output. */
function emitRest(shape: Shape): string {
  const { p } = shape;
  const column = (kx: number): number => p.outWidth - p.padLeft + kx;
  const taps = range(p.kernelWidth - 1).filter((kx) => column(kx) >= 0 && column(kx) < p.width);
  return unroll(taps, (kx) => emit(shape, kx, `${column(kx)}u`));
}

export const resident: Variant<Conv2dBackwardDataParams> = {
  subgroups: true,
  accumulates: true,
  available: (p, traits) => subgroup.available(p, traits) && canReside(p, traits),
  grid: (p, { subgroupSize: lanes }) => residentGrid(cut(p, lanes), p.batch * p.height),
  wgsl: (p, { subgroupSize: lanes, pinsSubgroups }) => {
    const { chunk, groups, rows } = cut(p, lanes);
    const shape: Shape = { p, lanes, chunk, groups };
    const weights = residentWeights({ taps: p.kernelHeight * p.kernelWidth, chunk, groups }, (g) =>
      orZero(p.outChannels % chunk === 0 ? [] : ['co + c < OUT'], `w[(t * IN + ci_${g}) * OUT + co + c]`),
    );
    const declareRow = (ky: number): string => `      let inside_${ky} = oy >= ${ky} && oy - ${ky} < i32(OUT_H);
      var offset_${ky} = u32(i32(row / HEIGHT * OUT_H) + oy - ${ky}) * OUT_W * OUT + co + lane;`;
    const shift = (kx: number, g: number): string =>
      `        sum_${kx}_${g} = ${kx + 1 < p.kernelWidth ? `sum_${kx + 1}_${g}` : '0.0'};`;
    return `
${constants({ ...conv2dConstants(p), LANES: lanes, CHUNK: chunk, ROWS: rows, GROUPS: groups })}
${finishWgsl(p)}

${subgroupEntryPoint(pinsSubgroups)}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let top = (group.y * 65535u + group.x) * ROWS;
  let bottom = min(top + ROWS, BATCH * HEIGHT);
  let channel = group.z * GROUPS * LANES + lane;
${unroll(range(groups), (g) => `  let ci_${g} = min(channel + ${g}u * LANES, IN - 1u);`)}
  for (var co = 0u; co < OUT; co += CHUNK) {${weights}
    for (var row = top; row < bottom; row++) {
      // The row of dY under tap row ky is oy − ky.
      let oy = i32(row % HEIGHT) + PAD_TOP;
${unroll(range(p.kernelHeight), declareRow)}
${forSums(shape, (kx, g) => `      var sum_${kx}_${g} = 0.0;`)}
      for (var ox = 0u; ox < OUT_W; ox++) {
${unroll(range(p.kernelHeight), (ky) => take(shape, ky))}
        if (ox >= u32(PAD_LEFT)) {${emit(shape, 0, '(ox - u32(PAD_LEFT))')}
        }
${forSums(shape, shift)}
      }
${emitRest(shape)}
    }
  }
}`;
  },
};

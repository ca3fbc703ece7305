/**
 * Penalties on large weights, l1 · Σ |w| + l2 · Σ w², and their gradients. Float32. Timed by
 * `pnpm anke bench kernels --filter optimizer`.
 */
import { absolute, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow, opaque } from '../runtime/wgsl.js';
import { LENGTHS, length } from './flat.js';

/** The factors of a penalty. */
export interface PenaltyFactors {
  /** Absent where nothing is to be computed for it. */
  readonly l1?: number;
  readonly l2: number;
}

export interface WeightPenaltiesParams {
  /** Stretches of a flat buffer, in elements, with the factors of each. */
  readonly stretches: readonly ({ readonly offset: number; readonly length: number } & PenaltyFactors)[];
  /** Parts in which the sum is left, from {@link penaltyParts}: as many workgroups share the work. */
  readonly parts: number;
}

/** Parts for that many weights: each thread adds up some of them. */
export const penaltyParts = (weights: number): number => Math.min(32, Math.ceil(weights / (64 * 16)));

/** Elements that the stretches lie in. */
const extent = (p: WeightPenaltiesParams): number =>
  Math.max(...p.stretches.map(({ offset, length: n }) => offset + n));
const penalized = (p: WeightPenaltiesParams): number => p.stretches.reduce((sum, { length: n }) => sum + n, 0);

const penaltiesBindings = {
  weights: { access: 'read', type: 'f32', length: extent },
  parts: { access: 'write', type: 'f32', length: (p: WeightPenaltiesParams) => p.parts },
} as const satisfies Record<string, Binding<WeightPenaltiesParams>>;

/** WGSL that adds the penalty of a thread's share of a stretch to `total`. */
const stretchWgsl = ({ offset, length: n, l1, l2 }: WeightPenaltiesParams['stretches'][number]): string => {
  const sizes =
    l1 === undefined
      ? { declare: '', add: '', finish: '' }
      : {
          declare: '\n    var sizes = 0.0;',
          add: '\n      sizes += abs(w);',
          finish: `\n    total = fma(${Math.fround(l1)}f, sizes, total);`,
        };
  return `
  {
    var sum = 0.0;${sizes.declare}
    for (var i = group.x * THREADS + thread; i < ${n}u; i += PARTS * THREADS) {
      let w = weights[${offset}u + i];
      sum = fma(w, w, sum);${sizes.add}
    }
    total = fma(${Math.fround(l2)}f, sum, total);${sizes.finish}
  }`;
};

/**
 * The penalties Σ (l1 · Σ |w| + l2 · Σ w²) of all regularized weights of a flat buffer, in `parts` sums that the loss
 * adds up: each workgroup takes every parts·64-th element, and joins its threads' sums pairwise.
 */
export const weightPenalties = defineKernel<WeightPenaltiesParams, keyof typeof penaltiesBindings>({
  name: 'optimizer/penalties',
  bindings: penaltiesBindings,
  variants: {
    tree: {
      available: (p) => p.parts <= 65535,
      grid: (p) => [p.parts, 1, 1],
      wgsl: (p) => `
${constants({ PARTS: p.parts, THREADS: 64 })}
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  var total = 0.0;
${p.stretches.map(stretchWgsl).join('')}
  sums[thread] = total;
  workgroupBarrier();
  for (var width = ${opaque('THREADS', 'weights')} / 2u; width > 0u; width /= 2u) {
    if (thread < width) { sums[thread] += sums[thread + width]; }
    workgroupBarrier();
  }
  if (thread == 0u) { parts[group.x] = sums[0]; }
}`,
    },
  },
  cost: (p) => ({ flops: 2 * penalized(p), bytes: penalized(p) * 4 }),
  terms: (p) => Math.ceil(penalized(p) / (p.parts * 64)) + (p.stretches.some(({ l1 }) => l1 !== undefined) ? 14 : 12),
  reference: (p, { weights }) => {
    const parts = new Float64Array(p.parts);
    for (const { offset, length: n, l1 = 0, l2 } of p.stretches) {
      for (let i = 0; i < n; i++) {
        const part = Math.floor(i / 64) % p.parts;
        const w = weights[offset + i] as number;
        parts[part] = (parts[part] as number) + l1 * Math.abs(w) + l2 * w ** 2;
      }
    }
    return { parts };
  },
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [
    { stretches: [{ offset: 0, length: 1, l2: 0.01 }], parts: 1 },
    { stretches: [{ offset: 64, length: 129, l2: 0.5 }], parts: 3 },
    {
      stretches: [
        { offset: 128, length: 73_728, l2: 0.01 },
        { offset: 80_000, length: 8192, l2: 0.02 },
      ],
      parts: 20,
    },
    {
      stretches: [
        { offset: 0, length: 33, l1: 0.3, l2: 0 },
        { offset: 64, length: 1000, l1: 0.01, l2: 0.02 },
        { offset: 1100, length: 9, l2: 0.5 },
      ],
      parts: 2,
    },
  ],
});

export interface PenaltyBackwardParams extends PenaltyFactors {
  readonly length: number;
}

const backwardBindings = {
  weights: {
    access: 'read',
    type: 'f32',
    length,
    // Zeros among the others, whose sign is 0.
    sample: (_, draw, index) => (index % 8 === 3 ? 0 : draw.normal()),
  },
  dWeights: { access: 'write', type: 'f32', length },
} as const satisfies Record<string, Binding<PenaltyBackwardParams>>;

/**
 * dw = 2 · l2 · w + l1 · sign(w), a thread a weight: the gradient of a penalty that is added to the loss. As in Keras,
 * the gradient of |w| at 0 is 0.
 */
export const penaltyBackward = defineKernel<PenaltyBackwardParams, keyof typeof backwardBindings>({
  name: 'optimizer/penalty-backward',
  bindings: backwardBindings,
  variants: {
    plain: {
      available: () => true,
      grid: (p) => flatGrid(p.length),
      wgsl: (p) => `
${constants({
  LENGTH: p.length,
  ROW: flatRow(p.length),
  TWICE_FACTOR: { f32: 2 * p.l2 },
  ...(p.l1 === undefined ? {} : { L1: { f32: p.l1 } }),
})}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= LENGTH) { return; }
  dWeights[i] = TWICE_FACTOR * weights[i]${p.l1 === undefined ? '' : ' + L1 * sign(weights[i])'};
}`,
    },
  },
  cost: (p) => ({ flops: p.length, bytes: bindingBytes(backwardBindings, p) }),
  terms: ({ l1 }) => (l1 === undefined ? 2 : 4),
  reference: ({ l1 = 0, l2 }, { weights }) => ({ dWeights: weights.map((w) => 2 * l2 * w + l1 * Math.sign(w)) }),
  magnitudes(p, inputs) {
    return this.reference(p, absolute(inputs));
  },
  cases: [
    ...LENGTHS.map((n) => ({ length: n, l2: 0.01 })),
    { length: 33, l1: 0.3, l2: 0 },
    { length: 129, l1: 0.02, l2: 0.5 },
  ],
});

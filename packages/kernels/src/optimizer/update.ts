/**
 * What comes before an optimizer's own formula, in the same dispatch, as Keras's base optimizer has it
 * (keras/src/optimizers/base_optimizer.py): gradients are clipped, then weights decay apart from their gradient
 * (Loshchilov and Hutter, arXiv:1711.05101).
 *
 *   by value   g ← min(max(g, −c), c)
 *   by norm    g ← g · c / max(‖g‖, c), where ‖g‖ is the norm of the weight's gradient, or of all gradients together
 *   decay      w ← w − w · λ · rate
 *
 * The norms come from `squared-norms.ts`. A gradient that is not finite stays so, and makes all those not finite that
 * share its norm, so that clipping hides no overflow. Weights begin at multiples of BLOCK in the flat buffers. So what
 * differs between them lies in tables with an entry for each BLOCK, of which a workgroup reads one.
 */
import type { Binding } from '../runtime/kernel.js';
import { SLICE_ALIGNMENT } from '../runtime/storage.js';
import { constants, flatRow } from '../runtime/wgsl.js';
import { HOLD_WGSL, holdingCounters, length, rate } from './flat.js';

/** Elements that belong to one weight: where weights begin in the flat buffers is a multiple of it. */
export const BLOCK = SLICE_ALIGNMENT / 4;

export type Clip =
  | { readonly by: 'value'; readonly limit: number }
  /** With `norms` of 1, that of all gradients together; else one for each weight. */
  | { readonly by: 'norm'; readonly limit: number; readonly norms: number };

export interface UpdateParams {
  readonly length: number;
  /** Where these are a part of all weights: the end of all, counted from the first of these; `length` if absent. */
  readonly end?: number;
  /** How gradients are clipped; not at all if absent. */
  readonly clip?: Clip;
  /** λ of the weights that decay; none does if absent. */
  readonly decay?: number;
}

const blocks = (p: UpdateParams): number => Math.ceil(p.length / BLOCK);
const normsOf = ({ clip }: UpdateParams): number => (clip?.by === 'norm' ? clip.norms : 0);

export const updateBindings = {
  gradients: { access: 'read', type: 'f32', length },
  rate,
  /** Squared. */
  norms: {
    access: 'read',
    type: 'f32',
    length: normsOf,
    needed: (p) => normsOf(p) > 0,
    sample: (_, draw) => 4 * draw.uniform(),
  },
  /** Which of the norms each block's gradients have. */
  owners: {
    access: 'read',
    type: 'u32',
    length: blocks,
    needed: (p) => normsOf(p) > 1,
    sample: (p, draw) => draw.integer(normsOf(p)),
  },
  /** Whether each block's weight decays: 1 or 0. */
  decays: {
    access: 'read',
    type: 'u32',
    length: blocks,
    needed: (p) => p.decay !== undefined,
    sample: (_, draw) => draw.integer(2),
  },
  weights: { access: 'update', type: 'f32', length },
  counters: holdingCounters,
} as const satisfies Record<string, Binding<UpdateParams>>;

function clipWgsl(clip: Clip | undefined): string {
  if (!clip) return 'fn gradientAt(i: u32) -> f32 { return gradients[i]; }';
  const limit = constants({ LIMIT: { f32: clip.limit } });
  if (clip.by === 'value')
    return `
${limit}
fn gradientAt(i: u32) -> f32 {
  let g = gradients[i];
  return select(g, clamp(g, -LIMIT, LIMIT), isFinite(g));
}`;
  return `
${limit}
fn gradientAt(i: u32) -> f32 {
  let g = gradients[i];
  let squared = norms[${clip.norms > 1 ? `owners[i / ${BLOCK}u]` : '0'}];
  let norm = sqrt(squared);
  return select(squared, select(g, g * (LIMIT / norm), norm > LIMIT), isFinite(squared));
}`;
}

const decayWgsl = (decay: number | undefined): string =>
  decay === undefined
    ? 'fn weightAt(i: u32) -> f32 { return weights[i]; }'
    : `
${constants({ DECAY: { f32: decay } })}
fn weightAt(i: u32) -> f32 { return fma(-(DECAY * rate[0] * f32(decays[i / ${BLOCK}u])), weights[i], weights[i]); }`;

/**
 * WGSL of `gradientAt(i)`, the clipped gradient, `weightAt(i)`, the decayed weight, and of what {@link HOLD_WGSL} and
 * a flat grid need.
 */
export const updateWgsl = (p: UpdateParams): string => `
${constants({ LENGTH: p.length, END: p.end ?? p.length, ROW: flatRow(p.length) })}
${HOLD_WGSL}
${clipWgsl(p.clip)}
${decayWgsl(p.decay)}`;

/**
 * Roundings that this adds: a root (5), a quotient (3) and a product behind a gradient, which may be squared then;
 * three behind a weight.
 */
export const updateTerms = (p: UpdateParams): number => (normsOf(p) > 0 ? 18 : 0) + (p.decay === undefined ? 0 : 3);

export type UpdateInputs = Readonly<Record<keyof typeof updateBindings, Float64Array>>;

/** What the optimizer's own formula works on, on the CPU. */
export interface Prepared {
  readonly gradients: Float64Array;
  readonly weights: Float64Array;
  /** Sums of the absolute terms behind each weight. */
  readonly weightMagnitudes: Float64Array;
}

export function prepared(p: UpdateParams, inputs: UpdateInputs): Prepared {
  const { gradients, weights, decays } = inputs;
  const share = (i: number): number =>
    p.decay === undefined ? 0 : p.decay * (inputs.rate[0] as number) * (decays[Math.floor(i / BLOCK)] as number);
  return {
    gradients: clipped(p, inputs) ?? gradients,
    weights: weights.map((w, i) => w - w * share(i)),
    weightMagnitudes: weights.map((w, i) => Math.abs(w) * (1 + share(i))),
  };
}

function clipped({ clip }: UpdateParams, { gradients, norms, owners }: UpdateInputs): Float64Array | undefined {
  if (!clip) return undefined;
  const { limit } = clip;
  if (clip.by === 'value') return gradients.map((g) => (Number.isFinite(g) ? Math.min(Math.max(g, -limit), limit) : g));
  return gradients.map((g, i) => {
    const squared = norms[clip.norms > 1 ? (owners[Math.floor(i / BLOCK)] as number) : 0] as number;
    if (!Number.isFinite(Math.fround(squared))) return Number.NaN;
    return g * Math.min(1, limit / Math.sqrt(squared));
  });
}

/** Ways to prepare an update, for the cases of the optimizers. */
export const PREPARATIONS: readonly Omit<UpdateParams, 'length'>[] = [
  { clip: { by: 'value', limit: 0.5 } },
  { clip: { by: 'norm', limit: 1, norms: 1 }, decay: 0.5 },
  { clip: { by: 'norm', limit: 1, norms: 3 } },
  { decay: 2 },
  { end: 4096 },
];

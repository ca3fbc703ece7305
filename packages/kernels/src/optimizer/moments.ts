/**
 * What Adam and Nadam have in common: running means of the gradients and of their squares, beside each weight.
 *
 *   m ← m + (g − m)·(1 − β₁)      v ← v + (g² − v)·(1 − β₂)
 *
 * Bindings, references and cases; their shaders stand with each of them.
 */
import type { Binding } from '../runtime/kernel.js';
import { LENGTHS, length } from './flat.js';
import { PREPARATIONS, type Prepared, prepared, type UpdateInputs, type UpdateParams } from './update.js';

export interface Betas {
  readonly beta1: number;
  readonly beta2: number;
}

export interface MomentsParams extends UpdateParams, Betas {
  readonly epsilon: number;
}

export const momentsBindings = {
  m: { access: 'update', type: 'f32', length },
  v: { access: 'update', type: 'f32', length, sample: (_, draw) => draw.uniform() },
} as const satisfies Record<string, Binding<MomentsParams>>;

interface Moments extends Prepared {
  /** Those behind the step. */
  readonly m: Float64Array;
  readonly v: Float64Array;
}

/** What the optimizer's own formula works on, on the CPU. */
export function moments(p: MomentsParams, inputs: UpdateInputs & Record<'m' | 'v', Float64Array>): Moments {
  const before = prepared(p, inputs);
  return {
    ...before,
    m: inputs.m.map((value, i) => value + ((before.gradients[i] as number) - value) * (1 - p.beta1)),
    v: inputs.v.map((value, i) => value + ((before.gradients[i] as number) ** 2 - value) * (1 - p.beta2)),
  };
}

/** Sums of the absolute terms of {@link moments}. */
export function momentsMagnitudes(
  p: MomentsParams,
  inputs: Record<'m' | 'v', Float64Array>,
  { gradients }: Prepared,
): Record<'m' | 'v', Float64Array> {
  const moved = (value: number, towards: number, share: number): number =>
    Math.abs(value) + share * (Math.abs(towards) + Math.abs(value));
  return {
    m: inputs.m.map((value, i) => moved(value, gradients[i] as number, 1 - p.beta1)),
    v: inputs.v.map((value, i) => moved(value, (gradients[i] as number) ** 2, 1 - p.beta2)),
  };
}

export const momentsCases: readonly MomentsParams[] = [
  ...LENGTHS.map((n) => ({ length: n, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 })),
  ...PREPARATIONS.map((before) => ({ length: 209, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, ...before })),
];

/**
 * What becomes of a product's sum before it is written, as data, and the gradient through it.
 *
 *   y = dropout(rectify(sum + bias))        rectify(x) = x > 0 ? min(x, cap) : slope · x
 *
 * Relu is { slope: 0 }, ReLU6 { slope: 0, cap: 6 }, a leaky relu { slope: 0.1 }. The gradient needs no mask of its own:
 * y itself tells on which side of the edges x was, and what was dropped is 0.
 */
import { type DropoutRule, dropoutReference, dropoutWgsl } from '../dropout/rule.js';
import { constants } from '../runtime/wgsl.js';

export interface Rectifier {
  /** Slope for x ≤ 0; at least 0, so that the sign of y is that of x. */
  readonly slope: number;
  /** Largest value; none if absent. */
  readonly cap?: number;
}

export interface Epilogue {
  readonly bias: boolean;
  readonly rectifier?: Rectifier;
  readonly dropout?: DropoutRule;
}

/** The gradient through a rectifier and the dropout behind it, told from their output y. */
export interface Mask extends Rectifier {
  /** The factor by which the dropout scaled what it kept, 1 / (1 − rate); 1 where there is none. */
  readonly keep: number;
}

/** WGSL of `rectify(x: f32) -> f32`. */
export const rectifierWgsl = ({ slope, cap }: Rectifier): string => {
  const bent = slope === 0 ? 'max(x, 0.0)' : 'select(SLOPE * x, x, x > 0.0)';
  return `
${constants({ ...(slope === 0 ? {} : { SLOPE: { f32: slope } }), ...(cap === undefined ? {} : { CAP: { f32: cap } }) })}
fn rectify(x: f32) -> f32 {
  return ${cap === undefined ? bent : `min(${bent}, CAP)`};
}`;
};

/** The same on the CPU. */
export const rectify = (x: number, { slope, cap = Number.POSITIVE_INFINITY }: Rectifier): number =>
  x > 0 ? Math.min(x, cap) : slope * x;

/**
 * WGSL of `finish(sum: f32, index: u32) -> f32`: what is written to y[index]. The sum holds the bias already. With a
 * dropout, the binding `counters` is needed.
 */
export function epilogueWgsl({ rectifier, dropout }: Epilogue): string {
  const value = rectifier ? 'rectify(sum)' : 'sum';
  const kept = 'select(0.0, value * KEPT_SCALE, words(index / 4u)[index % 4u] >= DROP_BELOW)';
  return `${rectifier ? rectifierWgsl(rectifier) : ''}${dropout ? dropoutWgsl(dropout) : ''}
fn finish(sum: f32, index: u32) -> f32 {
  let value = ${value};
  return ${dropout ? kept : 'value'};
}`;
}

/** Bias and `finish` on the CPU, for all sums of a product; the channel is the last axis of the products. */
export function finishReference(
  { bias: isBiased, rectifier, dropout }: Epilogue,
  products: Float64Array,
  { bias, counters }: Readonly<Record<'bias' | 'counters', Float64Array>>,
): Float64Array {
  const sums = isBiased ? products.map((sum, i) => sum + (bias[i % bias.length] as number)) : products;
  const values = rectifier ? sums.map((sum) => rectify(sum, rectifier)) : sums;
  return dropout ? dropoutReference(dropout, values, counters) : values;
}

/**
 * WGSL of `masked(gradient: f32, y: f32) -> f32`: the gradient before the rectifier, from the one behind it.
 *
 * @param output the binding that y was loaded from: a cap is rounded as its elements are
 */
export function maskWgsl(mask: Mask | undefined, output: string): string {
  if (!mask) return 'fn masked(gradient: f32, y: f32) -> f32 { return gradient; }';
  const { slope, cap, keep } = mask;
  const inside = cap === undefined ? 'y > 0.0' : `(y > 0.0) & (y < f32(${output}_t(CAP * KEEP)))`;
  // Where a dropout follows, y = 0 means dropped.
  const below = slope === 0 ? '0.0' : keep === 1 ? 'SLOPE * gradient' : 'select(0.0, SLOPE * KEEP * gradient, y < 0.0)';
  const outside = cap === undefined || slope === 0 ? below : `select(${below}, 0.0, y > 0.0)`;
  return `
${constants({
  KEEP: { f32: keep },
  ...(slope === 0 ? {} : { SLOPE: { f32: slope } }),
  ...(cap === undefined ? {} : { CAP: { f32: cap } }),
})}
fn masked(gradient: f32, y: f32) -> f32 {
  return select(${outside}, KEEP * gradient, ${inside});
}`;
}

/** The same on the CPU. */
export function maskReference(mask: Mask | undefined, gradient: Float64Array, y: Float64Array): Float64Array {
  if (!mask) return gradient;
  const { slope, cap = Number.POSITIVE_INFINITY, keep } = mask;
  return gradient.map((value, i) => {
    const output = y[i] as number;
    if (output > 0) return output < Math.fround(cap * keep) ? keep * value : 0;
    return output < 0 || keep === 1 ? slope * keep * value : 0;
  });
}

/** What a mask does to an error at most, as a mask: the dropout's factor scales it, a rectifier enlarges none. */
export const enlarging = (mask: Mask | undefined): { readonly mask?: Mask } =>
  mask ? { mask: { slope: 1, keep: mask.keep } } : {};

/** Pieces of WGSL text for code that is written out for each tap, channel or pixel instead of standing in a loop. */

export const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** A text for each of `items`, one below the other. */
export const unroll = <T>(items: readonly T[], text: (item: T) => string): string => items.map(text).join('\n');

/**
 * WGSL of a value where all conditions hold, else of zero; the value is evaluated in any case.
 *
 * The conditions are joined by `&`: each `&&` is a branch, and SwiftShader's compiler takes time exponential in the
 * number of branches that unrolled code has.
 */
export function orZero(conditions: readonly string[], value: string): string {
  if (conditions.length === 0) return value;
  return `select(0.0, ${value}, ${conditions.map((condition) => `(${condition})`).join(' & ')})`;
}

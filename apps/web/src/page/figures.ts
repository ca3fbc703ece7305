/** Numbers as people read them. */

/** A dash where there is none, words where it is no number that people could read. */
export const told = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '–' : Number.isFinite(value) ? format(value) : 'not finite';

export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** A loss in few signs. */
export const figure = (value: number): string => (value >= 1e5 ? value.toExponential(2) : value.toFixed(3));

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

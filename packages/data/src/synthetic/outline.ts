/** What a digit is drawn from: the outline of its printed form, from a font that the caller has read. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Closed polygons of one digit in one font; y grows downwards. */
export type Outline = readonly (readonly Point[])[];

/**
 * Flat memory (a model's weights, their gradients, an optimizer's moments) may be longer than what a device binds at
 * once. What goes over all of it does so piece by piece. Memory that fits is one piece.
 */
import type { Gpu } from './device.js';
import { SLICE_ALIGNMENT, type Storage } from './storage.js';

type Limit = Pick<Gpu, 'maxBinding'>;

/** A range of elements. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** Elements of 4 bytes at whose multiples a binding may begin. */
const STEP = SLICE_ALIGNMENT / 4;

/** Where pieces begin: a table with a word for each {@link STEP} elements can be cut there too. */
const UNIT = STEP * STEP;

/** The pieces of `length` elements of 4 bytes. */
export function piecesOf(length: number, { maxBinding }: Limit): readonly Piece[] {
  if (length * 4 <= maxBinding) return [{ offset: 0, length }];
  const most = Math.floor(maxBinding / (4 * UNIT)) * UNIT;
  return Array.from({ length: Math.ceil(length / most) }, (_, i) => {
    const offset = i * most;
    return { offset, length: Math.min(most, length - offset) };
  });
}

/** The memory of a piece. */
export const pieceOf = (storage: Storage, { offset, length }: Piece): Storage =>
  length * 4 === storage.bytes ? storage : storage.slice(storage.label, offset * 4, length * 4);

/** The part of a stretch that lies in a piece, counted from the piece's beginning; empty if there is none. */
export function within<S extends Piece>(stretch: S, piece: Piece): S {
  const offset = Math.max(stretch.offset, piece.offset);
  const end = Math.min(stretch.offset + stretch.length, piece.offset + piece.length);
  return end > offset ? { ...stretch, offset: offset - piece.offset, length: end - offset } : { ...stretch, ...EMPTY };
}

const EMPTY: Piece = { offset: 0, length: 0 };

/** How many rows of a matrix of `width` columns are bound at once, so that the next ones can be too; perhaps none. */
export const rowsAtOnce = (width: number, { maxBinding }: Limit): number =>
  Math.floor(maxBinding / (4 * width * STEP)) * STEP;

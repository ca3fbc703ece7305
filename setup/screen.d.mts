/** The types of `screen.mjs`. */

/** A part of a line in one style: the terminal's numbers that are in force, with blanks between them. */
export interface StyledText {
  text: string;
  style: string;
}

export declare class Screen {
  constructor(columns: number);
  readonly columns: number;
  /** All lines, also those that have left at the top. */
  readonly lines: readonly string[];
  /** The same in their styles. */
  readonly styled: readonly (readonly StyledText[])[];
  /** Lines that were longer than the terminal is wide: they went on below, or what did not fit was left out. */
  readonly broken: readonly string[];
  readonly isCursorShown: boolean;
  /** Whether a line that is too long goes on below. */
  readonly wraps: boolean;
  write(text: string): void;
}

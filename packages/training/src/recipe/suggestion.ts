/** A guess at what a mistyped word was meant to be. */
import { closest, distance } from 'fastest-levenshtein';

/** Nobody mistypes a word that long, and comparing takes as many steps as both have characters. */
const LONGEST = 64;

/** «(did you mean "filters"?)», where a known word is near enough; else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0 || word.length > LONGEST) return '';
  const small = word.toLowerCase();
  const guess = closest(
    small,
    known.map((one) => one.toLowerCase()),
  );
  const original = known.find((one) => one.toLowerCase() === guess) as string;
  return distance(small, guess) <= Math.max(2, word.length / 3) ? ` (did you mean "${original}"?)` : '';
}

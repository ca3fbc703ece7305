/** A mistyped option or key must get the suggestion that is near, and none where nothing is. */
import { expect, test } from 'vitest';
import { didYouMean } from './suggestion.js';

test('a word is guessed where one is near', () => {
  expect(didYouMean('filtres', ['type', 'filters'])).toBe(' (did you mean "filters"?)');
  expect(didYouMean('zzz', ['type', 'filters'])).toBe('');
  expect(didYouMean('a', [])).toBe('');
});

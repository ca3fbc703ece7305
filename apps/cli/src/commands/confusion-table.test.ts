/** The confusion matrix in the terminal: never wider than it, and with the names of the classes. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { columnsOf } from '../table.js';
import { confusionTable } from './confusion-table.js';

const shown = (matrix: readonly (readonly number[])[], names: readonly string[], columns: number) => {
  const { title, lines } = confusionTable(matrix, names, columns);
  return { title, lines: lines.map(stripVTControlCharacters) };
};

/** Everything right but one of each class, which is taken for the next. */
const matrixOf = (classes: number): number[][] =>
  Array.from({ length: classes }, (_, i) =>
    Array.from({ length: classes }, (__, j) => (i === j ? 9 : j === (i + 1) % classes ? 1 : 0)),
  );

test('short names stand at both sides', () => {
  expect(shown(matrixOf(2), ['cat', 'dog'], 80).lines).toEqual(['      cat dog', '  cat   9   1', '  dog   1   9']);
  expect(shown(matrixOf(2), ['0', '1'], 80).lines).toEqual(['      0   1', '  0   9   1', '  1   1   9']);
});

test('names that are too long for a column have a number, which their row explains', () => {
  const { lines } = shown(matrixOf(2), ['Siberian husky', 'owl'], 80);
  expect(lines).toEqual(['                     0   1', '  Siberian husky 0   9   1', '             owl 1   1   9']);
});

test('where the matrix is wider than the terminal, the most frequent confusions are named', () => {
  const names = Array.from({ length: 26 }, (_, i) => `a class with a long name, number ${i}`);
  const { title, lines } = shown(matrixOf(26), names, 60);
  expect(title).toContain('26 classes');
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatch(/^ +a class with.*… → a class with.*… +1 \(10\.00%\)$/);
});

test.each([40, 60, 80, 120, 200])('nothing is wider than %i columns', (columns) => {
  for (const classes of [2, 5, 10, 26])
    for (const long of [
      '9',
      'owl',
      'hippopotamus',
      'great crested grebe of the north',
      'ಒಂಬತ್ತು',
      '猫猫猫猫猫猫猫猫猫猫',
    ]) {
      const names = Array.from({ length: classes }, (_, i) => (i % 2 === 0 ? long : String(i)));
      for (const line of shown(matrixOf(classes), names, columns).lines)
        expect(columnsOf(line), line).toBeLessThanOrEqual(columns);
    }
});

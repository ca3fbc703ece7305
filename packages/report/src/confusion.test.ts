/** What a confusion matrix shows: full names where somebody points, cut ones at the axes, and strength by share. */
import { expect, test } from 'vitest';
import { confusionChart } from './confusion.js';
import { confusionsOf } from './evaluation.js';
import { shortName } from './names.js';
import { chartSvg } from './render.js';

const LONG = 'a class with a very long name';
const MATRIX = [
  [9, 1, 0],
  [0, 80, 0],
  [3, 3, 4],
];
const NAMES = ['ಸೊನ್ನೆ', LONG, 'owl'];

/** Opacity and colour of each cell of the SVG, row by row. */
async function cellsOf(matrix: readonly (readonly number[])[], names: readonly string[]): Promise<string[]> {
  const svg = await chartSvg(confusionChart(matrix, names), 300);
  return [...svg.matchAll(/<path[^>]*="rect mark"[^>]*fill="(rgba?\([^"]*\))"/g)].map(([, fill]) => fill as string);
}

test('names are cut at the axes, turned where they are long, and whole in the tooltip', async () => {
  const chart = confusionChart(MATRIX, NAMES);
  expect(JSON.stringify(chart)).toContain('"labelAngle":-45');
  expect((chart['data'] as { values: object[] }).values[1]).toMatchObject({
    'true class': 'ಸೊನ್ನೆ',
    'predicted class': LONG,
    images: 1,
    share: 0.1,
  });
  const svg = await chartSvg(chart, 300);
  expect(svg).toContain('>a class with a…<');
  expect(svg).toContain('>ಸೊನ್ನೆ<');
  expect(svg).toContain('>Confusion matrix<');
  for (const recall of ['90.00%', '100.00%', '40.00%']) expect(svg).toContain(`>${recall}<`);
  expect(JSON.stringify(confusionChart([[1]], ['0']))).toContain('"labelAngle":0');
});

test('two classes whose names begin alike stay apart', async () => {
  const names = [`${LONG} 1`, `${LONG} 2`];
  expect(
    await cellsOf(
      [
        [1, 0],
        [0, 1],
      ],
      names,
    ),
  ).toHaveLength(4);
});

test('nothing is the background, more is stronger, and right and wrong have two colours', async () => {
  const fills = await cellsOf(MATRIX, NAMES);
  expect(fills).toHaveLength(9);
  const parsed = fills.map((fill) => fill.match(/[\d.]+/g)?.map(Number) as number[]);
  const opacity = (fill: number[] | undefined): number => fill?.[3] ?? 1;
  // The cells of the diagonal come first, then the others.
  const [right, wrong] = [parsed.slice(0, 3), parsed.slice(3)];
  expect(right.map((fill) => fill[2] as number).every((blue) => blue > 150)).toBe(true);
  expect(wrong.map((fill) => fill[0] as number).every((red) => red > 150)).toBe(true);
  // Shares of 90, 100 and 40 percent; of 10, 0, 0, 0, 30, 30 percent.
  expect(opacity(right[1])).toBeGreaterThan(opacity(right[0]));
  expect(opacity(right[0])).toBeGreaterThan(opacity(right[2]));
  expect(wrong.map(opacity).map((one) => one > 0)).toEqual([true, false, false, false, true, true]);
  expect(opacity(wrong[4])).toBeGreaterThan(opacity(wrong[0]));
});

test('a single mistake among many does not look like many', async () => {
  const fills = await cellsOf(
    [
      [79, 1],
      [0, 80],
    ],
    ['a', 'b'],
  );
  const mistake = fills.map((fill) => fill.match(/[\d.]+/g)?.map(Number) as number[])[2];
  expect(mistake?.[3]).toBeLessThan(0.15);
  expect(mistake?.[3]).toBeGreaterThan(0);
});

test('the pairs that are confused most come first', () => {
  expect(confusionsOf(MATRIX)).toEqual([
    { label: 2, predicted: 0, images: 3, share: 0.3 },
    { label: 2, predicted: 1, images: 3, share: 0.3 },
    { label: 0, predicted: 1, images: 1, share: 0.1 },
  ]);
});

test('a name is cut between signs, not inside one', () => {
  expect(shortName('owl', 16)).toBe('owl');
  expect(shortName('👩‍🚀👩‍🚀👩‍🚀', 2)).toBe('👩‍🚀…');
});

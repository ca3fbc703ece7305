/** If these failed, a prediction of many classes would fill the screen in the order of the alphabet. */
import { ImageDataset } from '@anke/data';
import { expect, test, vi } from 'vitest';
import { Terminal } from '../terminal.js';
import { showPrediction, showTable } from './predictions.js';

/** What is said of one image by a model of so many classes, the later ones the more likely. */
function said(classes: number, show: typeof showPrediction): string[] {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const sum = (classes * (classes + 1)) / 2;
  const probabilities = Float32Array.from({ length: classes }, (_, i) => (i + 1) / sum);
  const images = new ImageDataset('one.png', [1, 1, 1], Uint8Array.of(0), { ids: ['ಅಂಕೆ.png'] });
  const names = ['ಸೊನ್ನೆ', 'one'];
  show(new Terminal(), {
    ...{ images, probabilities, labels: Uint32Array.of(classes - 1) },
    nameOf: (i) => names[i] ?? `class ${i}`,
  });
  const lines = write.mock.calls.map(([text]) => String(text).trimEnd());
  write.mockRestore();
  return lines;
}

test('few classes are shown in their order, the marks of a name taking no columns', () => {
  const [label, first, second] = said(2, showPrediction);
  expect(label).toBe('one');
  expect(first).toBe('  ಸೊನ್ನೆ  ████████                  33.33%');
  expect(second).toBe('   one  ████████████████          66.67%');
});

test('of many classes the most likely are shown, that one first, and how many are left', () => {
  const lines = said(26, showPrediction);
  expect(lines).toHaveLength(1 + 12 + 1);
  expect(lines[1]).toContain('class 25');
  expect(lines[12]).toContain('class 14');
  expect(lines[13]).toBe('and 14 less likely; --json has all');
});

test('a table of images has the two most likely classes of each', () => {
  const [header, row] = said(3, showTable);
  expect(header).toBe('image    prediction      next best');
  expect(row).toBe('ಅಂಕೆ.png  class 2 50.00%  one 33.33%');
});

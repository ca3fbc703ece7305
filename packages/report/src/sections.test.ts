/** What the report's tables and texts say. */
import { ImageDataset } from '@anke/data';
import { expect, test } from 'vitest';
import { evaluationOf } from './evaluation.js';
import { figure } from './format.js';
import { mistakes } from './mistakes.js';
import { phasesTable } from './sections.js';

const cellsOf = (table: string): string[] => [...table.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell as string);
const epoch = (loss: number, accuracy: number) => ({
  loss,
  accuracy,
  val_loss: loss,
  val_accuracy: accuracy,
  seconds: 2,
});

test('without early stopping, a phase’s best epoch is that of the least validation loss', () => {
  const table = phasesTable([
    { name: 'adam', epochs: [epoch(2, 0.5), epoch(1, 0.8), epoch(3, 0.7)], bestEpoch: undefined, stoppedEarly: false },
    { name: 'sgd', epochs: [epoch(0.9, 0.91), epoch(0.8, 0.93)], bestEpoch: 1, stoppedEarly: true },
    { name: 'rest', epochs: [], bestEpoch: undefined, stoppedEarly: false },
  ]);
  // Epochs are counted as in the charts.
  expect(cellsOf(table)).toEqual([
    ...['Adam', '1 … 3', '2', '1.0000', '80.00%', '6.0 s'],
    ...['SGD', '4 … 5, stopped early', '4', '0.9000', '91.00%', '4.0 s'],
    ...['rest', 'none', '–', '–', '–', '0 ms'],
  ]);
});

test('a loss that has grown without bounds is short enough for its card', () => {
  expect(figure(2.8428e19)).toBe('2.84e+19');
  expect(figure(0.85123)).toBe('0.8512');
});

test('mistakes are grouped by pair, and say what was taken for what, and how sure the model was', () => {
  const classNames = ['cat', '<owl>', 'dog'];
  const data = new ImageDataset('animals', [1, 1, 1], new Uint8Array(4), {
    labels: Uint32Array.of(0, 0, 2, 0),
    classes: 3,
    classNames,
  });
  const probabilities = Float32Array.of(0.25, 0.75, 0, 0.125, 0.875, 0, 0.5, 0.25, 0.25, 1, 0, 0);
  const text = mistakes(data, evaluationOf(data, probabilities, 3), probabilities);
  const headings = [...text.matchAll(/<h3>(.*?)<\/h3>/g)].map(([, heading]) => heading?.replace(/<.*?>/g, ''));
  expect(headings).toEqual(['cat taken for &#60;owl&#62; · 2 images', 'dog taken for cat · 1 image']);
  expect(text).toContain('<span>&#60;owl&#62;: 87.50%</span><span>cat: 12.50%</span>');
  // The likeliest first.
  expect(text).toContain('<li>cat 50.00%</li><li>&#60;owl&#62; 25.00%</li><li>dog 25.00%</li>');
});

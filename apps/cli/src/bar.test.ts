/** If this failed, a bar would go back, or a line would be cut off or run into the next one. */
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { Bar } from './bar.js';

/** What a bar has drawn last in a terminal of so many columns. */
function drawn(columns: number, draw: (bar: Bar) => void): string {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns, rows: 24 });
  const bar = new Bar(stream as unknown as NodeJS.WriteStream, columns, 'Epoch  3/20');
  draw(bar);
  bar.remove();
  const text = stripVTControlCharacters(stream.read() as string);
  return text.slice(text.lastIndexOf('Epoch'), text.lastIndexOf('\r') === -1 ? undefined : text.lastIndexOf('\r'));
}
const pieces = ['40%', 'loss 1.65', 'accuracy 0.920', '12 s left', 'run: 12 min left', '410 images/s'];

test.each([
  [60, ['loss 1.65', 'accuracy 0.920', '12 s left'], 'run: 12 min left'],
  [80, ['accuracy 0.920', '12 s left', 'run: 12 min left'], '410 images/s'],
  [120, pieces, 'nothing else'],
])('at %i columns what is most important is said, and nothing is cut', (columns, said, unsaid) => {
  const line = drawn(columns, (bar) => bar.draw(0.4, pieces));
  expect(line.length).toBeLessThan(columns);
  for (const piece of said) expect(line).toContain(piece);
  expect(line).not.toContain(unsaid);
});

test('what is done does not become less', () => {
  const cells = (line: string): number => line.split('█').length - 1;
  const forth = drawn(120, (bar) => bar.draw(0.9, []));
  const back = drawn(120, (bar) => {
    bar.draw(0.9, []);
    bar.draw(0.4, []);
  });
  expect(cells(forth)).toBe(25);
  expect(cells(back)).toBe(25);
});

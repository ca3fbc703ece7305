/** If these failed, a name in a damaged file could clear a terminal, or fill it. */
import { expect, test } from 'vitest';
import { explain } from './errors.js';
import { oneLine, shown } from './one-line.js';

test('an error is one line of a bounded length, without what a terminal would obey', () => {
  expect(oneLine('a\u001b[2Jb\n  c\u0007\u202e')).toBe('a\\u001b[2Jb c\\u0007\\u202e');
  expect(oneLine('ಅಂಕೆ\u200d – ok')).toBe('ಅಂಕೆ\u200d – ok');
  expect(oneLine('x'.repeat(5000))).toHaveLength(1001);
});

test('lines keep their colours and their ends', () => {
  expect(shown('\u001b[31mred\u001b[39m\nnext\u001b]0;title\u0007')).toBe(
    '\u001b[31mred\u001b[39m\nnext\\u001b]0;title\\u0007',
  );
});

test('what nobody has foreseen is one line, too', () => {
  const { message, code } = explain(new TypeError('x is not\na function'));
  expect(message).toBe('this should not have happened: TypeError: x is not a function (ANKE_DEBUG=1 shows where)');
  expect(code).toBe(1);
  const system = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read', path: 'a\tb' });
  expect(explain(system).message).toBe('a\\u0009b: EIO: i/o error, read');
});

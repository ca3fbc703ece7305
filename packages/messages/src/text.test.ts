/** If these failed, text of a file could clear a reader's terminal, turn round what it says, or bury it. */
import { expect, test } from 'vitest';
import { NamedError, oneLine, quoted } from './index.js';

test('what a terminal obeys, what turns the direction of text, and ends of lines are replaced', () => {
  expect(oneLine('a\u001b[2Jb\nc\u202ed\u2028e')).toBe('a\ufffd[2Jb\ufffdc\ufffdd\ufffde');
  expect(new NamedError('two\nlines', { cause: 7 })).toMatchObject({ message: 'two\ufffdlines', cause: 7 });
});

test('of a long message, the beginning and the end are shown', () => {
  const message = oneLine(`begin ${'x'.repeat(10_000)} end`);
  expect(message.length).toBeLessThan(500);
  expect(message).toMatch(/^begin x+ … x+ end$/);
});

test('text is shown in quotes, shortened, and any other value as JSON has it', () => {
  expect(quoted('relu')).toBe('"relu"');
  expect(quoted('relu6', 4)).toBe('"relu…"');
  expect(quoted(undefined)).toBe('nothing');
  expect([null, 7, [1], { a: '\u0007' }].map((value) => quoted(value))).toEqual([
    'null',
    '7',
    '[1]',
    '{"a":"\\u0007"}',
  ]);
});

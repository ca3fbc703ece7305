/** If these failed, lines would break within words where a terminal is narrow, or lose their indentation. */
import { expect, test } from 'vitest';
import { fitting, wrapped } from './wrapping.js';

test('a line that fits stays as it is, colours taking no columns', () => {
  expect(fitting('\u001b[36mfive\u001b[39m  5', 7)).toEqual(['\u001b[36mfive\u001b[39m  5']);
});

test('a longer one is broken at spaces, each part indented as the whole; a word stays whole', () => {
  expect(fitting('  ! all of it is of one class', 16)).toEqual(['  ! all of it is', '  of one class']);
  expect(fitting('at runs/2026-11-28-notebook-1/report.html, whole', 12)).toEqual([
    'at',
    'runs/2026-11-28-notebook-1/report.html,',
    'whole',
  ]);
});

test('marks above and below letters take no columns', () => {
  expect(wrapped('ಸೊನ್ನೆ ಸೊನ್ನೆ', 9)).toEqual(['ಸೊನ್ನೆ ಸೊನ್ನೆ']);
});

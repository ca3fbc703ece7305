/** If this failed, a list of runs would break within its rows where a terminal is narrow. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { showRuns } from './run-table.js';
import type { Terminal } from './terminal.js';

const rows = [
  { run: 'runs/2026-11-28-notebook-1', cells: ['98.40%', '21'], notes: ['Dig-MNIST.csv: accuracy 78.38%'] },
  { run: 'runs/x', cells: ['7.00%', '4'], notes: [] },
];

function said(columns: number): string[] {
  const lines: string[] = [];
  const terminal = { columns, say: (line: string) => lines.push(stripVTControlCharacters(line)) };
  showRuns(terminal as unknown as Terminal, ['result', 'epochs'], rows);
  return lines;
}

test('runs stand in a table, each with its notes below', () => {
  expect(said(42)).toEqual([
    'run                         result  epochs',
    'runs/2026-11-28-notebook-1  98.40%      21',
    '  Dig-MNIST.csv: accuracy 78.38%',
    'runs/x                       7.00%       4',
  ]);
});

test('where that is too wide, a run stands above its row', () => {
  expect(said(41)).toEqual([
    '  result  epochs',
    'runs/2026-11-28-notebook-1',
    '  98.40%      21',
    '  Dig-MNIST.csv: accuracy 78.38%',
    'runs/x',
    '   7.00%       4',
  ]);
});

test('where its row is too wide too, its values stand behind their titles', () => {
  expect(said(15)).toEqual([
    'runs/2026-11-28-notebook-1',
    '  result 98.40%, epochs 21',
    '  Dig-MNIST.csv: accuracy 78.38%',
    'runs/x',
    '  result 7.00%, epochs 4',
  ]);
});

/** If these failed, kernels would be chosen by what was measured elsewhere, or among variants that are no more. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { shippedChoices, tuningTable } from './tuning-table.js';

const folder = mkdtempSync(join(tmpdir(), 'anke tables '));
afterEach(() => {
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
});
const put = (name: string, table: object): void => writeFileSync(join(folder, name), JSON.stringify(table));

const choices = { 'conv2d/forward {"batch":1}': 'resident', 'conv2d/forward {"batch":2}': 'plain' };

test('adapters of one kind share what was measured, others do not', () => {
  put('one.json', tuningTable({ device: 'llvmpipe: Mesa 25', choices }));
  put('other.json', tuningTable({ device: 'Some GPU (a driver)', choices: { 'dense/forward {}': 'plain' } }));
  expect(shippedChoices('llvmpipe: Mesa 26 (LLVM 19)', folder)).toEqual(choices);
  expect(shippedChoices('Some GPU (another driver)', folder)).toEqual({ 'dense/forward {}': 'plain' });
  expect(shippedChoices('Some other GPU', folder)).toEqual({});
});

test('a choice between other variants than there are now says nothing', () => {
  const table = tuningTable({ device: 'llvmpipe', choices: { ...choices, 'dense/forward {}': 'plain' } });
  const variants = { ...table.variants, 'conv2d/forward': [...(table.variants['conv2d/forward'] ?? []), 'newer'] };
  put('table.json', { ...table, variants });
  expect(shippedChoices('llvmpipe', folder)).toEqual({ 'dense/forward {}': 'plain' });
});

test('the tables that come with the program are of variants that there are', () => {
  const tables = join(import.meta.dirname, '../tables');
  const files = readdirSync(tables);
  expect(files).not.toEqual([]);
  for (const file of files) {
    const table = JSON.parse(readFileSync(join(tables, file), 'utf8'));
    expect(table, file).toEqual(tuningTable(table));
    expect(Object.keys(table.choices).length, file).toBeGreaterThan(5);
    expect(shippedChoices(table.device), file).toMatchObject(table.choices);
  }
});

/**
 * What `npm start` does, in small, where SwiftShader computes: the notebook from digits to predictions. If this failed,
 * nobody could train on a machine that gets no other driver.
 */
import { expect, test } from 'vitest';
import { anke, rows } from './command-line.js';

test('the notebook trains and predicts, and says which driver computes', () => {
  const sizes = ['--adam-epochs', '1', '--sgd-epochs', '1', '--limit', '320', '--no-tune'];
  const { status, stdout, stderr } = anke(['notebook', '--seed', '1', '--out', 'run', ...sizes]);
  expect(stderr).not.toContain('anke:');
  expect(status).toBe(0);
  expect(stdout).toMatch(/device\s+SwiftShader.*ANKE_DRIVER asks for swiftshader/);
  const [header, ...lines] = rows('run/submission.csv');
  expect(header).toEqual(['id', 'label']);
  expect(lines.length).toBeGreaterThan(0);
}, 600_000);

/** If these failed, people would not see what augmentation makes of their images before they train on them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke preview '));
const png = (path: string): PNG => PNG.sync.read(readFileSync(join(work, path)));

function anke(args: readonly string[]) {
  const options = { cwd: work, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } } as const;
  return spawnSync(process.execPath, [main, ...args], options);
}

beforeAll(() => {
  const { status, stderr } = anke(['synth', '--out', 'digits', '--train', '40', '--test', '10']);
  expect(status, stderr).toBe(0);
});
afterAll(() => rmSync(work, { recursive: true }));

describe('anke preview', () => {
  test('draws images and what becomes of them, the same for the same seed', () => {
    const draw = (output: string, ...more: string[]): Buffer => {
      const options = ['--images', '3', '--copies', '4', '--out', output];
      const { status, stderr } = anke(['preview', 'digits', ...options, ...more]);
      expect(status, stderr).toBe(0);
      return readFileSync(join(work, output));
    };
    const first = draw('a.png', '--rotation-range', '30');
    // Names above the columns; the original's stands apart from its copies.
    const { width, height } = png('a.png');
    expect(width).toBeGreaterThan(5 * 60 + 4);
    expect(height).toBeGreaterThan(3 * 60 + 4);
    expect(draw('b.png', '--rotation-range', '30').equals(first)).toBe(true);
    expect(draw('c.png', '--rotation-range', '30', '--seed', '2').equals(first)).toBe(false);
  });

  test('--each draws a row for each change that is asked for, and one for all of them', () => {
    const draw = (...changes: string[]): { readonly names: string[]; readonly height: number } => {
      const options = ['--images', '3', '--each', '--out', 'each.png', '--force', '--json'];
      const { status, stdout, stderr } = anke(['preview', 'digits', ...options, ...changes]);
      expect(status, stderr).toBe(0);
      return { names: Object.keys(JSON.parse(stdout).changes), height: png('each.png').height };
    };
    const some = draw('--stroke-range', '0.5', '--erasing', '1', '--erasing-range', '0.1,0.2');
    expect(some.names).toEqual(['strokes', 'erasing', 'all']);
    const examples = draw();
    expect(examples.names).toContain('elastic');
    // A row more for each change: 28 pixels twice as large, and 4 between them.
    expect(examples.height - some.height).toBe(60 * (examples.names.length - some.names.length));
  });

  test.each([
    [['--rotation-range', 'ten'], "option '--rotation-range <degrees>' argument 'ten' is invalid. It must be a number"],
    [['--zoom-range', '2'], '--zoom-range must be a number of at least 0 and below 1, or two factors above 0'],
    [['--erasing-range', '0,0.5'], '--erasing-range must be two shares of the sides above 0 and up to 1'],
    [['--fill-mode', 'mirror'], 'Allowed choices are nearest, constant, reflect, wrap'],
    [['--image-shape', '28'], 'It must be three positive integers: height,width,channels'],
  ])('%j', (args, message) => {
    const { status, stderr } = anke(['preview', '--data', 'digits', ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

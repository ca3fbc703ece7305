/** Pictures in folders with names, of two sizes, from the folder to predictions of an exported model. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../apps/cli/dist/main.js');
const work = mkdtempSync(join(tmpdir(), 'anke named '));
afterAll(() => rmSync(work, { recursive: true }));

const anke = (args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [main, ...args], { cwd: work, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
const lastJson = ({ stdout }: { stdout: string }) => JSON.parse(stdout.trimEnd().split('\n').at(-1) as string);

test('pictures of mixed sizes and what is not used are told; names of classes travel with the model', () => {
  for (let i = 0; i < 20; i++) {
    const [kind, side] = [i % 2 === 0 ? 'amber' : 'blue', i < 4 ? 9 : 6];
    const picture = new PNG({ width: side, height: side });
    for (let j = 0; j < side * side; j++)
      picture.data.set([...(i % 2 === 0 ? [240 - i, 160, 20] : [20, 60 + i, 220]), 255], 4 * j);
    const folder = join(work, 'mixed', i < 12 ? 'train' : 'val', kind);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${i}.png`), PNG.sync.write(picture));
  }
  writeFileSync(join(work, 'mixed/notes.txt'), 'by hand');
  writeFileSync(join(work, 'mixed/.DS_Store'), '');
  const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 'classes', activation: 'softmax' }];
  const phases = [{ optimizer: { type: 'Adam', learningRate: 0.05 }, epochs: 5 }];
  writeFileSync(join(work, 'linear.json'), JSON.stringify({ batchSize: 4, layers, phases }));

  const looked = anke(['inspect', 'mixed', '--json', '--sheet', 'mixed.png']);
  expect(looked.stderr).toContain('Pictures of 2 sizes, from 6 × 6 to 9 × 9 pixels, most often 6 × 6 (16)');
  expect(lastJson(looked)).toMatchObject({
    pictureSizes: { scaledTo: [6, 6, 3] },
    unused: ['.DS_Store', 'notes.txt'],
  });
  const trained = anke(['train', '--data', 'mixed', '--recipe', 'linear.json', '--out', 'named', '--json']);
  expect(trained.status, trained.stderr).toBe(0);
  // Without early stopping too.
  const { best } = lastJson(trained);
  const rows = readFileSync(join(work, 'named/history.csv'), 'utf8').trimEnd().split('\n');
  const [columns = [], ...cells] = rows.map((row) => row.split(','));
  const losses = cells.map((row) => Number(row[columns.indexOf('val_loss')]));
  expect(best).toMatchObject({ phase: 'adam', epoch: losses.indexOf(Math.min(...losses)) + 1 });
  expect(best.val_loss).toBe(Math.min(...losses));
  const said = `${trained.stdout}${trained.stderr}`;
  expect(said).toContain('all are scaled to 6 × 6 × 3, or to what --image-shape says');
  expect(said).toContain('Not used: .DS_Store, notes.txt');

  expect(anke(['export', 'named', '--out', 'named.onnx']).status).toBe(0);
  const predicted = anke(['predict', '--model', 'named.onnx', '--input', 'mixed/val/blue/13.png', '--json']);
  const evaluated = anke(['evaluate', '--model', 'named/model.safetensors', '--input', 'mixed']);
  expect(lastJson(predicted), predicted.stderr).toMatchObject({ label: 'blue' });
  expect(evaluated.stdout, evaluated.stderr).toMatch(/amber/);
});

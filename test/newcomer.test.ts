/**
 * A newcomer's first hour as a script: pictures of one's own, in a folder a class and of two sizes, to a model that is
 * right, used, trained for longer, compared and served, each step typed once. If this failed, somebody's first try
 * would.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@anke/random';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'anke newcomer '));
afterAll(() => rmSync(work, { recursive: true }));

/** Whether a point belongs to a shape around the origin, of radius 1. */
const SHAPES = {
  circle: (x: number, y: number) => x * x + y * y < 1,
  square: (x: number, y: number) => Math.abs(x) < 0.85 && Math.abs(y) < 0.85,
  triangle: (x: number, y: number) => y < 0.7 && y > 2 * Math.abs(x) - 1,
};
type Shape = keyof typeof SHAPES;
const CLASSES = Object.keys(SHAPES) as Shape[];
const SIDES = [24, 32];
const EACH = { train: 120, test: 20 };

/** A dark shape of any colour, somewhere on a light ground. */
function picture(random: Random, shape: Shape, side: number): Buffer {
  const radius = side * (0.2 + 0.2 * random.uniform());
  const [centreX = 0, centreY = 0] = [0, 1].map(() => radius + random.uniform() * (side - 2 * radius));
  const angle = (random.uniform() - 0.5) * 0.8;
  const [dark, light] = [0, 150].map((least) => [0, 1, 2].map(() => least + random.integer(106))) as [
    number[],
    number[],
  ];
  const png = new PNG({ width: side, height: side });
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [(x - centreX) / radius, (y - centreY) / radius];
      const turned = [
        dx * Math.cos(angle) - dy * Math.sin(angle),
        dx * Math.sin(angle) + dy * Math.cos(angle),
      ] as const;
      png.data.set([...(SHAPES[shape](...turned) ? dark : light), 255], 4 * (y * side + x));
    }
  return PNG.sync.write(png);
}

/** What started these tests must not tell the program where it was called. */
const env = { ...process.env, INIT_CWD: work, NO_COLOR: '1' };

/** Types a command, which must work at the first try; returns what it prints. */
function typed(line: string): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line.replace('./anke', `"${join(root, 'anke')}"`)], {
    cwd: work,
    encoding: 'utf8',
    env,
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

const results = (run: string) => JSON.parse(readFileSync(join(work, run, 'results.json'), 'utf8'));

describe.skipIf(process.platform === 'win32')('own pictures', { timeout: 600_000 }, () => {
  beforeAll(() => {
    const random = new Random(5, 'pictures');
    for (const [role, count] of Object.entries(EACH))
      for (const shape of CLASSES) {
        const folder = join(work, 'shapes', role, shape);
        mkdirSync(folder, { recursive: true });
        for (let i = 0; i < count; i++)
          writeFileSync(join(folder, `${i}.png`), picture(random, shape, SIDES[i % SIDES.length] as number));
      }
  });

  test('are trained on to above nine in ten, and the end says what to do next', () => {
    const said = typed('./anke train --data shapes --recipe small --epochs 10 --out runs/shapes');
    expect(said).toMatch(/best validation +accuracy \d+\.\d\d%, loss/);
    expect(said).toContain('runs/shapes/report.html');
    expect(said).toContain('predict runs/shapes picture.png');
    const lines = said.trim().split('\n');
    expect(lines.length).toBeLessThan(40);
    const { validation, best, commandLine, seconds, version, warnings } = results('runs/shapes');
    expect(validation.accuracy).toBeGreaterThan(0.9);
    expect(best.val_accuracy).toBe(validation.accuracy);
    expect(commandLine).toContain('--recipe small');
    expect(seconds).toBeGreaterThan(1);
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(warnings).toEqual([]);
    const report = readFileSync(join(work, 'runs/shapes/report.html'), 'utf8');
    for (const fact of ['--recipe small', 'duration', version]) expect(report).toContain(fact);
  });

  test('are told apart that it has never seen, all of them and one alone', () => {
    const { accuracy } = JSON.parse(typed('./anke evaluate --model runs/shapes --input shapes/test --json'));
    expect(accuracy).toBeGreaterThan(0.9);
    typed('./anke export runs/shapes --format onnx --out shapes.onnx');
    const { label } = JSON.parse(typed('./anke predict runs/shapes shapes/test/square/1.png --json'));
    expect(CLASSES).toContain(label);
    const exported = JSON.parse(typed('./anke predict shapes.onnx shapes/test/square/1.png --json')).label;
    expect(CLASSES[exported] ?? exported).toBe(label);
  });

  test('are trained on for longer, and both runs are compared', () => {
    typed('cp -r runs/shapes runs/longer');
    const said = typed('./anke train --resume runs/longer --epochs 11');
    expect(said).toContain('Epoch 11/11');
    expect(results('runs/longer').epochs).toEqual({ adam: 11 });
    const { runs } = JSON.parse(typed('./anke compare runs/shapes runs/longer --output both.png --json'));
    expect(runs.map((run: { epochs: number }) => run.epochs).sort()).toEqual([10, 11]);
  });

  test('are predicted over HTTP', async () => {
    const server = spawn(join(root, 'anke'), ['serve', '--model', 'runs/shapes', '--port', '0'], { cwd: work, env });
    const ended = new Promise((resolve) => server.on('close', resolve));
    try {
      let said = '';
      for await (const data of server.stdout) {
        said += data;
        if (/http:\/\/\S+:\d+/.test(said)) break;
      }
      const url = /http:\/\/[\w.:-]+/.exec(said)?.[0];
      const body = readFileSync(join(work, 'shapes/test/circle/1.png'));
      const headers = { 'content-type': 'image/png' };
      const answer = (await (await fetch(`${url}/predict`, { method: 'POST', headers, body })).json()) as object;
      const { label } = JSON.parse(typed('./anke predict runs/shapes shapes/test/circle/1.png --json'));
      expect(answer).toMatchObject({ predictions: [{ label }] });
    } finally {
      server.kill('SIGTERM');
      await ended;
    }
  });
});

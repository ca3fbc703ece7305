/** The engine against training runs that PyTorch computed in float64, fused and plain. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import { compare, deviceMachine, type GoldenRun, makeGolden, readGolden, replay } from '@anke/training';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const fileOf = (name: string): string => join(import.meta.dirname, `../../shared/golden/${name}.safetensors`);

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open((await openAdapter(console.log)).adapter);
});
afterAll(() => gpu.destroy());

async function expectWithinBounds(golden: GoldenRun, fuse: boolean): Promise<void> {
  const errors = compare(golden, await replay(gpu, deviceMachine(gpu, { fuse }), golden));
  expect(errors.length).toBeGreaterThan(6);
  for (const { group, error, bound, tensor } of errors) {
    expect(error, `${group}, worst ${tensor}`).toBeLessThanOrEqual(bound);
  }
}

describe.each(['notebook-cnn', 'residual', 'vgg16', 'mobilenetv2'])('%s', (name) => {
  const file = fileOf(name);
  const absent = !existsSync(file);
  if (absent) console.log(`Skipped: the golden run by PyTorch, as ${file} is absent.`);

  test.skipIf(absent).each([
    ['fused', true],
    ['plain', false],
  ])('logits, every gradient, averages, losses and weights agree with PyTorch, %s', async (_, fuse) => {
    await expectWithinBounds(await readGolden(file, readFileSync(file)), fuse);
  });
});

test.each([
  ['fused', true],
  ['plain', false],
])('a narrow CNN agrees with the CPU references, %s', async (_, fuse) => {
  await expectWithinBounds(await makeGolden(gpu, 3), fuse);
});

test('a wrong tensor shows', async () => {
  const golden = await makeGolden(gpu, 4);
  const got = await replay(gpu, deviceMachine(gpu), golden);
  const kernel = Float32Array.from(got.get('step1/grad/conv2.kernel') ?? []);
  kernel[0] = (kernel[0] as number) + 1;
  const errors = compare(golden, new Map([...got, ['step1/grad/conv2.kernel', kernel]]));
  expect(errors.filter(({ error, bound }) => error > bound)).toMatchObject([
    { group: 'gradients', tensor: 'step1/grad/conv2.kernel' },
  ]);
});

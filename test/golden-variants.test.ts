/**
 * The engine against training runs that PyTorch computed in float64, by every variant of every kernel, twice each. If
 * this failed, a variant that the tuner may choose somewhere would train otherwise, or not the same way each time.
 * A run that is beyond its bounds must be explained by decisions that stood on an edge, step by step.
 *
 * `ANKE_GOLDEN=residual,vgg16` names the files; without it nothing runs, as one file takes many minutes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adapterAgain, type DriverReport, openAdapter } from '@anke/dawn';
import { type Chooser, Gpu, type Kernel, registry } from '@anke/kernels';
import { compare, deviceMachine, readGolden, replay, verifyGolden } from '@anke/training';
import { beforeAll, expect, test } from 'vitest';

const names = (process.env['ANKE_GOLDEN'] ?? '').split(',').filter(Boolean);
if (names.length === 0) console.log('Skipped: every variant against PyTorch, as ANKE_GOLDEN names no files.');
const fileOf = (name: string): string => join(import.meta.dirname, `../../shared/golden/${name}.safetensors`);
const present = names.filter((name) => existsSync(fileOf(name)));
for (const name of names)
  if (!present.includes(name)) console.log(`Skipped: every variant against PyTorch, as ${fileOf(name)} is absent.`);

/** As many as the kernel has that has the most: in so many rounds each is taken once. */
const ROUNDS = Math.max(...registry.map(({ variants }) => Object.keys(variants).length));

/** Takes another variant for each dispatch in every round. */
class EachInTurn implements Chooser<Gpu> {
  readonly used = {};
  readonly ran = new Set<string>();
  readonly available = new Set<string>();
  gpu: Gpu | undefined;
  round = 0;

  choice(kernel: { readonly name: string }, params: object, types = {}): string | undefined {
    const known = registry.find(({ name }) => name === kernel.name) as Kernel;
    const variants = this.gpu?.compiler.available(known, params, types) ?? [];
    for (const variant of variants) this.available.add(`${kernel.name}/${variant} ${JSON.stringify(params)}`);
    const variant = variants[this.round % variants.length];
    this.ran.add(`${kernel.name}/${variant} ${JSON.stringify(params)}`);
    return variant;
  }

  async choose(kernel: { readonly name: string }, _params: object, _types: object, variant: string): Promise<void> {
    throw new Error(`${kernel.name}: a variant did not compile in time, and ${variant} took its place`);
  }

  async tune(): Promise<void> {}
}

let report: DriverReport;
beforeAll(async () => {
  report = await openAdapter(console.log);
});

test.skipIf(present.length === 0).each(present.length > 0 ? present : ['no file'])(
  '%s, by every variant, twice to the same bits',
  async (name) => {
    const golden = await readGolden(name, readFileSync(fileOf(name)));
    const turns = new EachInTurn();
    for (turns.round = 0; turns.round < ROUNDS; turns.round++) {
      const gpu = await Gpu.open(await adapterAgain(report), turns);
      turns.gpu = gpu;
      const got = await replay(gpu, deviceMachine(gpu), golden);
      if (compare(golden, got).some(({ error, bound }) => !(error <= bound))) {
        // As `anke verify` has it: each step is right by itself, and decisions on an edge led the run elsewhere.
        const { failed, explained, flips } = await verifyGolden(gpu, deviceMachine(gpu), golden);
        expect(failed, `round ${turns.round}`).toEqual([]);
        const groups = explained.map(({ group, error }) => `${group} ${error.toExponential(1)}`).join(', ');
        const edges = flips.map(
          ({ optimizer, step, kind, layer }) => `${kind} of ${layer}, step ${step} of ${optimizer}`,
        );
        console.log(`${name}, round ${turns.round}: ${groups}, by ${edges.join('; ')}`);
      }
      const again = await replay(gpu, deviceMachine(gpu), golden);
      const changed = [...got].filter(([tensor, values]) => !sameBits(values, again.get(tensor) ?? []));
      expect(
        changed.map(([tensor]) => tensor),
        `round ${turns.round}: what a rerun changes`,
      ).toEqual([]);
      gpu.destroy();
    }
    expect([...turns.available].filter((variant) => !turns.ran.has(variant))).toEqual([]);
  },
  3_600_000,
);

function sameBits(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));
}

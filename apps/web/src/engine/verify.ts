/** A golden run on this device, held against its bounds as `anke verify` does. */
import type { Gpu } from '@anke/kernels';
import { deviceMachine, type Flip, makeGolden, readGolden, type Verdict, verifyGolden } from '@anke/training';
import type { VerifiedGroup, VerifyFacts } from '../protocol.js';
import { withoutFunctionsOfText } from './read-recipe.js';

const SEED = 1;
const NAMES = { adam: 'Adam', sgd: 'SGD' } as const;

/**
 * @param file a golden run; without one, a small run that the CPU references make
 * @throws GoldenError if the file is none
 */
export async function verify(gpu: Gpu, file: File | undefined, say: (line: string) => void): Promise<VerifyFacts> {
  await withoutFunctionsOfText();
  if (!file) say('The CPU trains a narrow network in float64 …');
  const golden = file
    ? await readGolden(file.name, new Uint8Array(await file.arrayBuffer()))
    : await makeGolden(gpu, SEED);
  say('This device trains the same …');
  const verdict = await verifyGolden(gpu, deviceMachine(gpu, { fuse: true }), golden, (optimizer, steps) =>
    say(`Beyond a bound with ${NAMES[optimizer]}: ${steps} steps are looked at one by one, in float64 …`),
  );
  const { groups, failed, explained, flips, wrong } = verdict;
  const wordOf = (group: Verdict['groups'][number]): VerifiedGroup['verdict'] =>
    failed.includes(group) ? 'too large' : explained.includes(group) ? 'on an edge' : 'ok';
  return {
    source: file?.name ?? 'A narrow CNN, trained in float64 by the CPU',
    steps: golden.steps,
    batch: golden.batch,
    groups: groups.map((group) => ({ ...group, verdict: wordOf(group) })),
    notes: [
      ...flips.map(described),
      ...wrong.map(({ optimizer, step }) => `Step ${step} with ${NAMES[optimizer]} is wrong by itself.`),
    ],
    isRight: failed.length === 0,
  };
}

/** Which decision this device took otherwise than the golden run. */
function described({ kind, layer, image, channel, margin, optimizer, step }: Flip): string {
  const what = kind === 'relu' ? 'a rectifier' : 'the largest element of a window';
  const where = `behind ${layer}, image ${image}, channel ${channel}`;
  return `Step ${step} with ${NAMES[optimizer]}: ${what} ${where}, lies ${margin.toExponential(1)} from its edge.`;
}

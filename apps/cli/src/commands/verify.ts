/** `anke verify`: a golden run on this device, and how far it is from what it should be. */
import { readWhole } from '@anke/data';
import { plainFile } from '@anke/files';
import { deviceMachine, type Flip, type GroupError, makeGolden, readGolden, verifyGolden } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { openDevice } from '../device.js';
import { CommandError } from '../errors.js';
import { Terminal } from '../terminal.js';
import type { AnswerOptions } from './output.js';

const SEED = 1;

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('replay a golden training run on this device: does this GPU compute correctly?')
    .argument('[file]', 'a golden run as safetensors; without one, a small run that the CPU references make')
    .option('--no-fuse', 'run the plain dispatches that the layers send, none of them fused')
    .addHelpText('after', '\nExamples:\n  anke verify\n  anke verify notebook-cnn.safetensors --no-fuse')
    .action(runVerify);
}

interface Options extends AnswerOptions {
  readonly fuse: boolean;
}

async function runVerify(file: string | undefined, { fuse, ...options }: Options): Promise<void> {
  const terminal = new Terminal(options);
  const given = file === undefined ? undefined : await readGolden(file, await readWhole(plainFile(file)));
  const { gpu, report } = await openDevice(terminal);
  terminal.fact('adapter', report.name);
  if (!given) terminal.fact('golden run', 'a narrow CNN, trained in float64 by the CPU references');
  const golden = given ?? (await makeGolden(gpu, SEED));
  terminal.fact('run', `${golden.steps} steps of ${golden.batch} images with Adam, and as many with SGD`);
  terminal.fact('dispatches', fuse ? 'fused, as in training' : 'plain, as the layers send them');
  terminal.say();
  const { groups, failed, explained, flips, wrong } = await verifyGolden(
    gpu,
    deviceMachine(gpu, { fuse }),
    golden,
    (optimizer, steps) =>
      terminal.say(`  beyond a bound with ${NAMES[optimizer]}: ${steps} steps are looked at one by one, in float64 …`),
  );
  for (const group of groups) {
    const { bound, tensor, error } = group;
    const verdict = failed.includes(group)
      ? colors.red('TOO LARGE')
      : explained.includes(group)
        ? colors.yellow('on an edge')
        : colors.green('ok');
    const compared = `${error.toExponential(1).padStart(8)}  of at most ${bound.toExponential(1)}`;
    terminal.say(`  ${group.group.padEnd(14)} ${compared}  ${verdict}  ${colors.dim(`worst: ${tensor}`)}`);
  }
  for (const flip of flips) terminal.say(`  ${described(flip)}`);
  terminal.result({ adapter: report.name, ok: failed.length === 0, groups, flips });
  gpu.destroy();
  if (failed.length > 0) {
    const steps = wrong.map(({ optimizer, step }) => `step ${step} with ${NAMES[optimizer]} is wrong by itself`);
    throw new CommandError(
      `this device does not compute correctly: ${[`${namesOf(failed)} beyond the bound`, ...steps].join('; ')}`,
    );
  }
  terminal.say('\nThis device computes correctly.');
  if (explained.length > 0)
    terminal.say(`The golden run stands on an edge: ${namesOf(explained)} differ because rounding decides there.`);
}

const NAMES = { adam: 'Adam', sgd: 'SGD' } as const;
const namesOf = (groups: readonly GroupError[]): string => groups.map(({ group }) => group).join(', ');

/** Which decision this device took otherwise than the golden run. */
function described({ kind, layer, image, channel, margin, optimizer, step }: Flip): string {
  const what = kind === 'relu' ? 'a rectifier' : 'the largest element of a window';
  const where = `behind ${layer}, image ${image}, channel ${channel}`;
  return `step ${step} with ${NAMES[optimizer]}: ${what} ${where}, lies ${margin.toExponential(1)} from its edge`;
}

/** `anke verify`: a golden run on this device, and how far it is from what it should be. */
import { readWhole } from '@anke/data';
import { plainFile } from '@anke/files';
import { compare, deviceMachine, makeGolden, readGolden, replay } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { openDevice } from '../device.js';
import { CommandError } from '../errors.js';
import { Terminal } from '../terminal.js';

const SEED = 1;

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('replay a golden training run on this device: does this GPU compute correctly?')
    .argument('[file]', 'a golden run as safetensors; without one, a small run that the CPU references make')
    .option('--no-fuse', 'run the plain dispatches that the layers send, none of them fused')
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText('after', '\nExamples:\n  anke verify\n  anke verify notebook-cnn.safetensors --no-fuse')
    .action(runVerify);
}

interface Options {
  readonly fuse: boolean;
  readonly json?: boolean;
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
  const errors = compare(golden, await replay(gpu, deviceMachine(gpu, { fuse }), golden));
  for (const { group, bound, tensor, error } of errors) {
    const verdict = error <= bound ? colors.green('ok') : colors.red('TOO LARGE');
    const compared = `${error.toExponential(1).padStart(8)}  of at most ${bound.toExponential(1)}`;
    terminal.say(`  ${group.padEnd(14)} ${compared}  ${verdict}  ${colors.dim(`worst: ${tensor}`)}`);
  }
  const failed = errors.filter(({ error, bound }) => !(error <= bound));
  terminal.result({ adapter: report.name, ok: failed.length === 0, groups: errors });
  gpu.destroy();
  if (failed.length > 0) {
    throw new CommandError(
      `this device does not compute correctly: ${failed.map(({ group }) => group).join(', ')} beyond the bound`,
    );
  }
  terminal.say('\nThis device computes correctly.');
}

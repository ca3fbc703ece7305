import { readWhole } from '@anke/data';
import { plainFile } from '@anke/files';
import type { Command } from 'commander';
import colors from 'picocolors';
import { openDevice } from '../device.js';
import { CommandError } from '../errors.js';
import { type GoldenRun, readGolden } from '../golden/golden-run.js';
import { makeGolden } from '../golden/make.js';
import { deviceMachine, replay } from '../golden/replay.js';
import { Terminal } from '../terminal.js';

const SEED = 1;

/** Largest relative error, ‖got − want‖ / ‖want‖, of any tensor of a group. */
const GROUPS = [
  { name: 'logits', bound: 1e-4, matches: /^step1\/logits$/ },
  { name: 'gradients', bound: 1e-3, matches: /^step1\/grad\// },
  { name: 'averages', bound: 1e-3, matches: /^step1\/.*\.moving_/ },
  { name: 'Adam losses', bound: 1e-3, matches: /^adam\/losses$/ },
  { name: 'SGD losses', bound: 1e-3, matches: /^sgd\/losses$/ },
  { name: 'Adam weights', bound: 1e-2, matches: /^adam\/final\// },
  { name: 'SGD weights', bound: 1e-2, matches: /^sgd\/final\// },
  { name: 'Adam logits', bound: 1e-2, matches: /^adam\/eval_logits$/ },
  { name: 'SGD logits', bound: 1e-2, matches: /^sgd\/eval_logits$/ },
] as const;

export interface GroupError {
  readonly group: string;
  readonly bound: number;
  /** The worst of the group's tensors. */
  readonly tensor: string;
  readonly error: number;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('replay a golden training run on this device: does this GPU compute right?')
    .argument('[file]', 'a safetensors file; without one, a small run that the CPU references make')
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText('after', '\nExamples:\n  anke verify\n  anke verify notebook-cnn.safetensors')
    .action(runVerify);
}

async function runVerify(file: string | undefined, options: { readonly json?: boolean }): Promise<void> {
  const terminal = new Terminal(options);
  const given = file === undefined ? undefined : readGolden(file, await readWhole(plainFile(file)));
  const { gpu, report } = await openDevice(terminal);
  terminal.fact('adapter', report.name);
  if (!given) terminal.fact('golden run', 'a narrow CNN, trained in float64 by the CPU references');
  const golden = given ?? (await makeGolden(gpu, SEED));
  terminal.fact('run', `${golden.steps} steps of ${golden.batch} images with Adam, and as many with SGD`);
  terminal.say();
  const errors = compare(golden, await replay(gpu, deviceMachine(gpu), golden));
  for (const { group, bound, tensor, error } of errors) {
    const verdict = error <= bound ? colors.green('ok') : colors.red('TOO LARGE');
    terminal.say(
      `  ${group.padEnd(14)} ${error.toExponential(1).padStart(8)}  of at most ${bound.toExponential(0)}  ${verdict}  ${colors.dim(`worst: ${tensor}`)}`,
    );
  }
  const failed = errors.filter(({ error, bound }) => !(error <= bound));
  terminal.result({ adapter: report.name, ok: failed.length === 0, groups: errors });
  gpu.destroy();
  if (failed.length > 0) {
    throw new CommandError(
      `this device does not compute as it should: ${failed.map(({ group }) => group).join(', ')} beyond the bound`,
    );
  }
  terminal.say('\nThis device computes right.');
}

export function compare(golden: GoldenRun, got: ReadonlyMap<string, ArrayLike<number>>): GroupError[] {
  return GROUPS.map(({ name, bound, matches }) => {
    const errors = [...golden.tensors]
      .filter(([tensor]) => matches.test(tensor))
      .map(([tensor, { values }]) => ({ tensor, error: relativeError(got.get(tensor) ?? [], values) }));
    const worst = errors.reduce((a, b) => (a.error >= b.error || Number.isNaN(a.error) ? a : b));
    return { group: name, bound, ...worst };
  });
}

/** ‖got − want‖ / ‖want‖; infinite if the lengths differ. */
function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < want.length; i++) {
    difference += ((got[i] as number) - (want[i] as number)) ** 2;
    size += (want[i] as number) ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(size), Number.MIN_VALUE);
}

#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import colors from 'picocolors';
import { addBenchCsv } from './commands/bench-csv.js';
import { addBenchKernels } from './commands/bench-kernels.js';
import { addBenchStep } from './commands/bench-step.js';
import { addCompare } from './commands/compare.js';
import { addCompletion } from './commands/completion.js';
import { addDoctor } from './commands/doctor.js';
import { addEvaluate } from './commands/evaluate.js';
import { addExport } from './commands/export.js';
import { addImport } from './commands/import.js';
import { addImportWeights } from './commands/import-weights.js';
import { addInspect } from './commands/inspect.js';
import { addNotebook } from './commands/notebook.js';
import { addPredict } from './commands/predict.js';
import { addPreview } from './commands/preview.js';
import { addRecipe } from './commands/recipe.js';
import { addServe } from './commands/serve.js';
import { addSynth } from './commands/synth.js';
import { addTrain } from './commands/train.js';
import { addVerify } from './commands/verify.js';
import { openDevice } from './device.js';
import { EXIT, explain } from './errors.js';
import { lookUpOptions } from './settings.js';
import { Terminal } from './terminal.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Commands whose work is a file, not what they say. */
const QUIET = ['notebook', 'train', 'predict', 'import', 'synth', 'preview', 'export', 'import-weights'];

const program = new Command('anke')
  .description('Trains convolutional networks on the GPU, with WebGPU kernels written by hand.')
  .option('-V, --version', 'versions, adapter and driver')
  .showHelpAfterError(colors.dim('(add --help for what this command takes)'))
  .addHelpText(
    'after',
    `
Options that are not given come from the environment (--batch-size from ANKE_BATCH_SIZE), then from anke.config.json in the
current folder, or the file that ANKE_CONFIG names: { "seed": 3, "train": { "epochs": 5 } }.`,
  )
  .exitOverride();

addNotebook(program);
addTrain(program);
addPredict(program);
addEvaluate(program);
addImport(program);
addRecipe(program);
addCompare(program);
addExport(program);
addImportWeights(program);
addInspect(program);
addPreview(program);
addServe(program);
addSynth(program);
addVerify(program);
addDoctor(program);
const bench = program
  .command('bench')
  .description('time what the engine does: a whole step, single kernels, or the CSV reader');
addBenchStep(bench);
addBenchKernels(bench);
addBenchCsv(bench);
addCompletion(program);
for (const command of program.commands) {
  if (QUIET.includes(command.name())) command.option('-q, --quiet', 'say nothing but errors');
}
lookUpOptions(program);

// Whoever reads what we write may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

/** Versions of what computes, and on what. */
async function showVersion(): Promise<void> {
  const { version: webgpu } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
  process.stdout.write(`anke ${version}\nwebgpu ${webgpu} (Dawn)\nnode ${process.version}\n`);
  const { report, gpu } = await openDevice(new Terminal({ json: true }));
  process.stdout.write(`adapter ${report.name}\ndriver: ${report.why}\n`);
  gpu.destroy();
}

try {
  if (['-V', '--version'].includes(process.argv[2] ?? '')) await showVersion();
  else await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has already said what was wrong, or printed the help that was asked for.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    const { message, code } = explain(error);
    process.stderr.write(`${colors.red('anke:')} ${message}\n`);
    // Work that is still under way on the device must not hold the program back.
    process.exit(code);
  }
}

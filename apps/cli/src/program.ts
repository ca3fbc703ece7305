/** The program: its commands, and what they have in common. */
import { Command } from 'commander';
import colors from 'picocolors';
import { asCalled, calledAs } from './called-as.js';
import { addBenchCsv } from './commands/bench-csv.js';
import { addBenchKernels } from './commands/bench-kernels.js';
import { addBenchStep } from './commands/bench-step.js';
import { addCheck } from './commands/check.js';
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
import { lookUpOptions } from './settings.js';

/** Commands whose work is a file, not what they say. */
const QUIET = ['notebook', 'train', 'predict', 'import', 'synth', 'preview', 'export', 'import-weights'];

export function createProgram(): Command {
  const program = new Command(calledAs)
    .configureOutput({
      writeOut: (text) => process.stdout.write(asCalled(text)),
      writeErr: (text) => process.stderr.write(asCalled(text)),
      outputError: (text, write) => write(text.replace(/^error: /, `${colors.red('anke:')} `)),
    })
    .description('Trains convolutional networks on the GPU, with WebGPU kernels written by hand.')
    .option('-V, --version', 'versions, adapter and driver')
    .showHelpAfterError(colors.dim('(add --help for what this command takes)'))
    .addHelpText(
      'after',
      `
Options that are not given come from the environment (--batch-size from ANKE_BATCH_SIZE), then from anke.config.json
in the current folder, or the file that ANKE_CONFIG names: { "seed": 3, "train": { "epochs": 5 } }.`,
    )
    .exitOverride();

  addNotebook(program);
  addTrain(program);
  addPredict(program);
  addEvaluate(program);
  addImport(program);
  addRecipe(program);
  addCompare(program);
  addCheck(program);
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
  return program;
}

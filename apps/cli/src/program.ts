/** The program: its commands, and what they have in common. */
import { Command, Help } from 'commander';
import colors from 'picocolors';
import { asCalled, calledAs } from './called-as.js';
import { addBenchAccuracy } from './commands/bench-accuracy.js';
import { addBenchCsv } from './commands/bench-csv.js';
import { addBenchKernels } from './commands/bench-kernels.js';
import { addBenchStep } from './commands/bench-step.js';
import { addCheck } from './commands/check.js';
import { addCompare } from './commands/compare.js';
import { addCompletion } from './commands/completion.js';
import { addDoctor } from './commands/doctor.js';
import { addEvaluate } from './commands/evaluate.js';
import { addExport } from './commands/export.js';
import { addFolds } from './commands/folds.js';
import { addHelp } from './commands/help.js';
import { addImport } from './commands/import.js';
import { addImportWeights } from './commands/import-weights.js';
import { addInspect } from './commands/inspect.js';
import { addNotebook } from './commands/notebook.js';
import { answerOptions } from './commands/output.js';
import { addPredict } from './commands/predict.js';
import { addPreview } from './commands/preview.js';
import { addRecipe } from './commands/recipe.js';
import { addRuns } from './commands/runs.js';
import { addServe } from './commands/serve.js';
import { addSweep } from './commands/sweep.js';
import { addSynth } from './commands/synth.js';
import { addTrain } from './commands/train.js';
import { addTune } from './commands/tune.js';
import { addVerify } from './commands/verify.js';
import { leaves } from './reference.js';
import { lookUpOptions } from './settings.js';
import { reflowed } from './wrapping.js';

/** Options that are not shown must not make a group of the help. */
const groupShown: Help['groupItems'] = (_, shown, groupOf) => new Help().groupItems(shown, shown, groupOf);

/** What a command reads, as its usage has it. */
const placesOf = (command: Command): string[] => command.usage().match(/<.*?>|\[(?!options).*?\]/g) ?? [];

export function createProgram(): Command {
  const program = new Command(calledAs)
    .configureOutput({
      writeOut: (text) => process.stdout.write(reflowed(asCalled(text), process.stdout.columns ?? 80)),
      writeErr: (text) => process.stderr.write(asCalled(text)),
      outputError: (text, write) => write(text.replace(/^error: /, `${colors.red('anke:')} `)),
    })
    .description('Trains convolutional networks on the GPU, with WebGPU kernels written by hand.')
    .option('-V, --version', 'versions of Anke, Dawn and Node')
    .showHelpAfterError(colors.dim('(add --help for what this command takes)'))
    .configureHelp({
      groupItems: groupShown,
      subcommandTerm: (command) => [command.name(), ...placesOf(command)].join(' '),
    })
    .addHelpText(
      'after',
      `
Options that are not given come from the environment (--batch-size from ANKE_BATCH_SIZE), then from anke.config.json
in the current folder, or the file that ANKE_CONFIG names: { "seed": 3, "train": { "epochs": 5 } }.

Examples:
  anke notebook               # all of it, on synthetic digits
  anke train data/digits --out runs/first
  anke predict runs/first digit.png
  anke help train`,
    )
    .exitOverride();

  program.commandsGroup('Train and use models:');
  addNotebook(program);
  addTrain(program);
  addFolds(program);
  addEvaluate(program);
  addPredict(program);
  addServe(program);
  addExport(program);
  program.commandsGroup('Data:');
  addSynth(program);
  addImport(program);
  addInspect(program);
  addPreview(program);
  program.commandsGroup('Runs and recipes:');
  addSweep(program);
  addRuns(program);
  addCompare(program);
  addCheck(program);
  addRecipe(program);
  addImportWeights(program);
  program.commandsGroup('This machine:');
  addDoctor(program);
  addVerify(program);
  const bench = program
    .command('bench')
    .description('time what the engine does: a whole step, single kernels, a training to an accuracy, the CSV reader');
  addBenchStep(bench);
  addBenchKernels(bench);
  addBenchAccuracy(bench);
  addBenchCsv(bench);
  addTune(program);
  for (const command of leaves(program)) answerOptions(command);
  addCompletion(program);
  addHelp(program);
  lookUpOptions(program);
  return program;
}

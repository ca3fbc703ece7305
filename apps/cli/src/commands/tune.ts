/** `anke tune`: times the variants of a model's kernels on this device, and writes which are the fastest. */
import { writeFileSync } from 'node:fs';
import { Tuner } from '@anke/kernels';
import { count } from '@anke/report';
import { CHOICES_FILE } from '@anke/training';
import { type Command, Option } from 'commander';
import { BenchSession } from '../bench/session.js';
import { deviceLine, openDevice } from '../device.js';
import { Terminal } from '../terminal.js';
import { tuningTable } from '../tuning-table.js';
import { type ModelOptions, modelOptions, recipeModel } from './model-options.js';
import { GROUP, positiveList } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

interface Options extends ModelOptions, OutputOptions {
  readonly batch?: readonly number[];
  readonly predictionBatch: readonly number[];
}

/** Few images are predicted in powers of two, many in batches of about 256: 5,000 in those of 250. */
const PREDICTION = [1, 2, 4, 8, 16, 32, 64, 128, 250, 256];

export function addTune(program: Command): void {
  const command = program
    .command('tune')
    .description('time the variants of a model’s kernels on this device, and write which are the fastest')
    .optionsGroup(GROUP.measurement)
    .addOption(
      new Option('--batch <n,…>', 'images in a training step; default: as the recipe says').argParser(positiveList),
    )
    .addOption(
      new Option('--prediction-batch <n,…>', 'images that are predicted at once')
        .argParser(positiveList)
        .default(PREDICTION, PREDICTION.join()),
    );
  modelOptions(command, 'the model’s recipe: a built-in one, or a JSON or TypeScript file');
  outputOptions(command, 'file', `where the choices go, for --kernels of a training; default: ${CHOICES_FILE}`)
    .addHelpText(
      'after',
      `
A training does this by itself where nothing is known of a kernel on this device. What is chosen here is for other
machines with the same device, or to compute the same bits on them. Nothing else should run meanwhile.

Examples:
  anke tune --out choices.json
  anke train data/digits --kernels choices.json`,
    )
    .action(() => runTune(command.opts()));
}

async function runTune(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const out = writable(options.out ?? CHOICES_FILE, options);
  const model = await recipeModel(options);
  const device = await openDevice(terminal, {}, new Tuner());
  const { gpu, report } = device;
  terminal.fact('adapter', deviceLine(report));
  terminal.fact('recipe', `${model.recipe.name}, images ${model.inputShape.join(' × ')}, ${model.classes} classes`);
  const { batch: batches = [model.recipe.batchSize], predictionBatch } = options;
  const training = batches.map((batch) => ({ batch, record: (bench: BenchSession) => bench.training() }));
  const prediction = predictionBatch.map((batch) => ({ batch, record: (bench: BenchSession) => bench.prediction() }));
  const steps = [...training, ...prediction];
  const bar = terminal.progress('Timing kernels', 'steps');
  for (const [i, { batch, record }] of steps.entries()) {
    bar.update(i, steps.length);
    const bench = new BenchSession(gpu, model, { batch });
    const recording = await record(bench).finish();
    recording.destroy();
    bench.destroy();
  }
  bar.stop();
  const table = tuningTable({ device: report.name, choices: gpu.tuner.used });
  writeFileSync(out, `${JSON.stringify(table, null, 2)}\n`);
  gpu.destroy();
  terminal.fact('choices', `${count(Object.keys(table.choices).length)}, in ${out}`);
  terminal.result({ file: out, ...table });
}

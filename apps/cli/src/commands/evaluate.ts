/** `anke evaluate`: loss, metrics and confusion matrix of a trained model, by the loss that it was trained by. */
import type { ImageDataset } from '@anke/data';
import { writeWhole } from '@anke/files';
import { type Model, SGD, SparseCategoricalCrossentropy, sizeOf } from '@anke/nn';
import {
  calibrationOf,
  cellSide,
  chartSvg,
  classesOf,
  confusionChart,
  confusionMatrix,
  count,
  mostLikely,
  percent,
  quantity,
  renderPng,
} from '@anke/report';
import { comparedSamplesOf, samplesOf } from '@anke/training';
import type { Command } from 'commander';
import { DATA_KINDS, type DataOptions, dataOptions, readImages } from '../data-sets.js';
import { openDevice } from '../device.js';
import { goalOf, imageShapeOf, placeModel, readModel, requireClasses } from '../model-folder.js';
import { Terminal } from '../terminal.js';
import { placeVoters, readVoters, type VotingOptions, votesOf, votingOptions } from '../voting.js';
import { confusionTable } from './confusion-table.js';
import { judgedVote, type Member, memberLines } from './members.js';
import { operands, TRAINED_MODELS } from './operands.js';
import { GROUP } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

interface Options extends DataOptions, OutputOptions, VotingOptions {
  readonly model: readonly string[];
  readonly input: string;
}

export function addEvaluate(program: Command): void {
  const command = operands(program.command('evaluate'), [
    TRAINED_MODELS,
    { option: 'input', name: 'data', description: `labelled images: ${DATA_KINDS}` },
  ]).description('loss, metrics and, of a classifier, confusion matrix of a trained model on labelled images');
  votingOptions(command.optionsGroup(GROUP.prediction));
  outputOptions(dataOptions(command), 'png', 'draw the confusion matrix there')
    .addHelpText(
      'after',
      `
Examples:
  anke evaluate runs/first data/digits/Dig-MNIST.csv
  anke evaluate runs/first data/digits/Dig-MNIST.csv --out harder.png
  anke evaluate --model runs/first --model runs/second data/digits/Dig-MNIST.csv --tta 8`,
    )
    .action(() => runEvaluate(command.opts()));
}

async function runEvaluate(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const out = options.out === undefined ? undefined : writable(options.out, options);
  const { model: runs, tta: copies } = options;
  const [run] = runs as [string];
  const isVote = runs.length > 1 || copies > 1;
  const voters = isVote ? await readVoters(runs) : undefined;
  const stored = voters?.first ?? (await readModel(run));
  if (out !== undefined) requireClasses(run, stored.graph);
  const imageShape = options.imageShape ?? imageShapeOf(stored.graph);
  const read = await readImages(terminal, options.input, { ...options, imageShape }, 'label');
  const names = stored.classNames;
  const images = names ? read.withClasses(names) : read;
  const device = await openDevice(terminal, { model: run });
  const models = voters ? await placeVoters(voters, device.gpu) : [await placeModel(run, stored, device.gpu)];
  const [model] = models as [Model];
  const classes = classesOf(model);
  const bar = terminal.progress('Evaluating', 'images');
  const { ttaSeed: seed } = options;
  const judged: Judged = voters
    ? judgedVote(voters, await votesOf(models, images, { copies, seed, onProgress: bar.update }), images)
    : await judgedModel(run, model, images, bar.update);
  bar.stop();

  terminal.fact('images', `${count(images.count)} of ${images.source}`);
  for (const [name, value] of Object.entries(judged.evaluation)) terminal.fact(name, quantity(name, value));
  if (judged.members) for (const line of memberLines(judged.members, judged)) terminal.say(line);
  const { probabilities } = judged;
  const labels = images.labels as Uint32Array;
  const matrix =
    probabilities && classes !== undefined && confusionMatrix(labels, mostLikely(probabilities, classes), classes);
  const calibration =
    probabilities && classes !== undefined ? calibrationOf(probabilities, labels, classes) : undefined;
  if (calibration) terminal.fact('calibration error', percent(calibration.error));
  if (matrix) {
    const called = matrix.map((_, i) => (names ?? images.classNames)?.[i] ?? String(i));
    const { title, lines } = confusionTable(matrix, called, terminal.columns);
    terminal.heading(title);
    for (const line of lines) terminal.say(line);
    if (out !== undefined) {
      const svg = await chartSvg(confusionChart(matrix, called), cellSide(matrix.length) * matrix.length);
      writeWhole(out, await renderPng(svg));
      terminal.say(`\nThe matrix: ${out}`);
    }
  }
  terminal.result({
    input: options.input,
    images: images.count,
    ...judged.evaluation,
    ...(judged.members ? { members: judged.members, gain: judged.gain } : {}),
    ...(calibration ? { calibrationError: calibration.error } : {}),
    ...(matrix ? { confusionMatrix: matrix } : {}),
    out,
    adapter: device.report.name,
  });
  device.gpu.destroy();
}

/** What came of labelled images. */
interface Judged {
  readonly evaluation: Readonly<Record<string, number>>;
  /** (images, classes), of a model that tells classes apart. */
  readonly probabilities: Float32Array | undefined;
  readonly members?: readonly Member[];
  /** Of a vote. */
  readonly gain?: number;
}

/** By the loss and the metrics that it was trained by. */
async function judgedModel(
  run: string,
  model: Model,
  images: ImageDataset,
  onProgress: (done: number, total: number) => void,
): Promise<Judged> {
  const goal = (await goalOf(run)) ?? { loss: new SparseCategoricalCrossentropy() };
  model.compile({ gpu: model.session.gpu, optimizer: new SGD(), ...goal });
  const outputs = sizeOf(model.outputShape);
  const classes = classesOf(model);
  const compared = { loss: goal.loss, classes: images.classNames?.length ?? classes ?? images.classes, outputs };
  const evaluation = await model.evaluate(comparedSamplesOf(images, compared), { onProgress });
  return {
    evaluation,
    probabilities: classes === undefined ? undefined : await model.predict(samplesOf(images)),
  };
}

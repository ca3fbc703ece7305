/** `anke evaluate`: loss, metrics and confusion matrix of a trained model, by the loss that it was trained by. */
import { writeWhole } from '@anke/files';
import { SGD, SparseCategoricalCrossentropy, sizeOf } from '@anke/nn';
import {
  cellSide,
  chartSvg,
  classesOf,
  confusionChart,
  confusionMatrix,
  count,
  mostLikely,
  quantity,
  renderPng,
} from '@anke/report';
import { comparedSamplesOf, samplesOf } from '@anke/training';
import type { Command } from 'commander';
import { DATA_KINDS, type DataOptions, dataOptions, readImages } from '../data-sets.js';
import { openDevice } from '../device.js';
import { goalOf, imageShapeOf, placeModel, readModel, requireClasses } from '../model-folder.js';
import { Terminal } from '../terminal.js';
import { confusionTable } from './confusion-table.js';
import { operands, TRAINED_MODEL } from './operands.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

interface Options extends DataOptions, OutputOptions {
  readonly model: string;
  readonly input: string;
}

export function addEvaluate(program: Command): void {
  const command = operands(program.command('evaluate'), [
    TRAINED_MODEL,
    { option: 'input', name: 'data', description: `labelled images: ${DATA_KINDS}` },
  ]).description('loss, metrics and, of a classifier, confusion matrix of a trained model on labelled images');
  outputOptions(dataOptions(command), 'png', 'draw the confusion matrix there')
    .addHelpText(
      'after',
      `
Examples:
  anke evaluate runs/first data/digits/Dig-MNIST.csv
  anke evaluate runs/first data/digits/Dig-MNIST.csv --out harder.png`,
    )
    .action(() => runEvaluate(command.opts()));
}

async function runEvaluate(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const out = options.out === undefined ? undefined : writable(options.out, options);
  const stored = await readModel(options.model);
  if (out !== undefined) requireClasses(options.model, stored.graph);
  const imageShape = options.imageShape ?? imageShapeOf(stored.graph);
  const read = await readImages(terminal, options.input, { ...options, imageShape }, 'label');
  const names = stored.classNames;
  const images = names ? read.withClasses(names) : read;
  const device = await openDevice(terminal, { model: options.model });
  const model = await placeModel(options.model, stored, device.gpu);
  const goal = (await goalOf(options.model)) ?? { loss: new SparseCategoricalCrossentropy() };
  model.compile({ gpu: device.gpu, optimizer: new SGD(), ...goal });
  const outputs = sizeOf(model.outputShape);
  const classes = classesOf(model);
  const compared = { loss: goal.loss, classes: names?.length ?? classes ?? images.classes, outputs };
  const bar = terminal.progress('Evaluating', 'images');
  const evaluation = await model.evaluate(comparedSamplesOf(images, compared), { onProgress: bar.update });
  const probabilities = classes === undefined ? undefined : await model.predict(samplesOf(images));
  bar.stop();

  terminal.fact('images', `${count(images.count)} of ${images.source}`);
  for (const [name, value] of Object.entries(evaluation)) terminal.fact(name, quantity(name, value));
  const matrix =
    probabilities &&
    classes !== undefined &&
    confusionMatrix(images.labels as Uint32Array, mostLikely(probabilities, classes), classes);
  if (matrix) {
    const called = matrix.map((_, i) => (names ?? images.classNames)?.[i] ?? String(i));
    const { title, lines } = confusionTable(matrix, called, terminal.columns);
    terminal.heading(title);
    for (const line of lines) terminal.say(line);
    if (out !== undefined) {
      const svg = await chartSvg(confusionChart(matrix, called), cellSide(classes) * classes);
      writeWhole(out, await renderPng(svg));
      terminal.say(`\nThe matrix: ${out}`);
    }
  }
  terminal.result({
    input: options.input,
    images: images.count,
    ...evaluation,
    ...(matrix ? { confusionMatrix: matrix } : {}),
    out,
    adapter: device.report.name,
  });
  device.gpu.destroy();
}

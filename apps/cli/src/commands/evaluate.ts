/** `anke evaluate`: loss, metrics and confusion matrix of a trained model, by the loss that it was trained by. */
import { SGD, SparseCategoricalCrossentropy, sizeOf } from '@anke/nn';
import { classesOf, confusionMatrix, count, mostLikely, quantity } from '@anke/report';
import { comparedSamplesOf, samplesOf } from '@anke/training';
import type { Command } from 'commander';
import { DATA_KINDS, type DataOptions, dataOptions, readImages } from '../data-sets.js';
import { openDevice } from '../device.js';
import { goalOf, imageShapeOf, placeModel, readModel } from '../model-folder.js';
import { Terminal } from '../terminal.js';
import { confusionTable } from './confusion-table.js';

interface Options extends DataOptions {
  readonly model: string;
  readonly input: string;
  readonly json?: boolean;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('loss, metrics and, of a classifier, confusion matrix of a trained model on labelled images')
    .requiredOption('--model <folder>', 'the folder of a run')
    .requiredOption('--input <path>', `labelled images: ${DATA_KINDS}`)
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr');
  dataOptions(command)
    .addHelpText('after', '\nExample:\n  anke evaluate --model runs/first --input data/digits/Dig-MNIST.csv')
    .action(runEvaluate);
}

async function runEvaluate(options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const stored = await readModel(options.model);
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
  }
  terminal.result({
    input: options.input,
    images: images.count,
    ...evaluation,
    ...(matrix ? { confusionMatrix: matrix } : {}),
    adapter: device.report.name,
  });
  device.gpu.destroy();
}

/** `anke evaluate`: loss, metrics and confusion matrix of a trained model, by the loss that it was trained by. */
import { SGD, SparseCategoricalCrossentropy, sizeOf } from '@anke/nn';
import { classesOf, confusionMatrix, count, mostLikely, quantity } from '@anke/report';
import { comparedSamplesOf, samplesOf } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { DATA_KINDS, type DataOptions, dataOptions, readImages } from '../data-sets.js';
import { openDevice } from '../device.js';
import { factsOf, goalOf, loadModel } from '../model-folder.js';
import { Terminal } from '../terminal.js';

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
  const read = await readImages(terminal, options.input, options, 'label');
  const names = (await factsOf(options.model))?.classNames;
  const images = names ? read.withClasses(names) : read;
  const device = await openDevice(terminal, { model: options.model });
  const model = await loadModel(options.model, device);
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
  if (matrix) showConfusions(terminal, matrix);
  terminal.result({
    input: options.input,
    images: images.count,
    ...evaluation,
    ...(matrix ? { confusionMatrix: matrix } : {}),
    adapter: device.report.name,
  });
  device.gpu.destroy();
}

/** The confusion matrix, or the most frequent confusions where it is wider than the terminal. */
function showConfusions(terminal: Terminal, matrix: readonly (readonly number[])[]): void {
  const width = Math.max(3, ...matrix.flat().map((value) => String(value).length));
  if (6 + matrix.length * (width + 1) > terminal.columns) {
    showMostFrequent(terminal, matrix);
    return;
  }
  terminal.heading('Confusion matrix (rows: true class, columns: predicted)');
  const cells = (values: readonly (number | string)[]): string =>
    values.map((value) => String(value).padStart(width)).join(' ');
  terminal.say(`      ${colors.dim(cells(matrix.map((_, i) => i)))}`);
  matrix.forEach((row, i) => {
    const shown = row.map((value, j) => {
      const cell = String(value).padStart(width);
      if (i === j) return colors.green(cell);
      return value === 0 ? colors.dim('·'.padStart(width)) : cell;
    });
    terminal.say(`  ${colors.dim(String(i).padStart(3))} ${shown.join(' ')}`);
  });
}

const MOST_FREQUENT = 10;

function showMostFrequent(terminal: Terminal, matrix: readonly (readonly number[])[]): void {
  const confusions = matrix.flatMap((row, actual) =>
    row.flatMap((times, predicted) => (times > 0 && predicted !== actual ? [{ actual, predicted, times }] : [])),
  );
  terminal.heading(`Most frequent confusions of ${matrix.length} classes (the whole matrix: --json)`);
  for (const { actual, predicted, times } of confusions.sort((a, b) => b.times - a.times).slice(0, MOST_FREQUENT))
    terminal.say(`  class ${actual} was predicted as ${predicted} ${times} times`);
}

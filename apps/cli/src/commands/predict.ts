import type { Command } from 'commander';
import { openDevice } from '../device.js';
import { writeWhole } from '../files.js';
import { readImages } from '../images.js';
import { loadModel } from '../model-folder.js';
import { mostLikely, samplesOf } from '../samples.js';
import { count, duration, Terminal } from '../terminal.js';
import { positive } from './options.js';

interface Options {
  readonly model: string;
  readonly input: string;
  readonly output: string;
  readonly probabilities?: boolean;
  readonly batchSize?: number;
}

export function addPredict(program: Command): void {
  program
    .command('predict')
    .description('predict the images of a CSV file with a trained model')
    .requiredOption('--model <folder>', 'the folder of a run')
    .requiredOption('--input <csv>', 'images in the form of test.csv (or of train.csv: its labels are ignored)')
    .requiredOption('--output <csv>', 'where to write id,label')
    .option('--probabilities', 'write each class’s probability too')
    .option('--batch-size <n>', 'images in a step; 1 predicts one by one; default: about 256', positive)
    .addHelpText(
      'after',
      '\nExample:\n  anke predict --model runs/first --input data/digits/test.csv --output submission.csv',
    )
    .action(runPredict);
}

async function runPredict(options: Options): Promise<void> {
  const terminal = new Terminal();
  const images = readImages(options.input);
  const device = await openDevice(terminal, { model: options.model });
  const model = loadModel(options.model, device);
  const started = performance.now();
  const bar = terminal.progress('Predicting', 'images');
  const probabilities = await model.predict(samplesOf(images), {
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
    onProgress: bar.update,
  });
  bar.stop();
  const seconds = (performance.now() - started) / 1000;
  const classes = model.outputShape[0] as number;
  const labels = mostLikely(probabilities, classes);

  const columns = options.probabilities ? Array.from({ length: classes }, (_, i) => `p${i}`) : [];
  const header = ['id', 'label', ...columns].join(',');
  const rows = Array.from(labels, (label, row) => {
    const shares = columns.map((_, i) => (probabilities[row * classes + i] as number).toPrecision(7));
    return `${[images.ids?.[row] ?? row, label, ...shares].join(',')}\n`;
  });
  writeWhole(options.output, `${header}\n${rows.join('')}`);
  const rate = count(images.count / seconds);
  terminal.say(
    `${count(images.count)} predictions in ${duration(seconds)} (${rate} images/s) on ${device.report.name}`,
  );
  terminal.say(`written to ${options.output}`);
  device.gpu.destroy();
}

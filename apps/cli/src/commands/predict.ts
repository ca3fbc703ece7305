import { areInverted, decodePicture, ImageDataset, isPicture, pixelStatistics, plainFile, readWhole } from '@anke/data';
import type { Sequential } from '@anke/nn';
import type { Command } from 'commander';
import colors from 'picocolors';
import { DATA_KINDS, type DataOptions, dataOptions, readImages } from '../data-sets.js';
import { openDevice } from '../device.js';
import { UsageError } from '../errors.js';
import { writeWhole } from '../files.js';
import { loadModel, readDataFacts } from '../model-folder.js';
import { mostLikely, samplesOf } from '../samples.js';
import { count, duration, percent, Terminal } from '../terminal.js';
import { positive } from './options.js';

interface Options extends DataOptions {
  readonly model: string;
  readonly input: string;
  readonly output?: string;
  readonly probabilities?: boolean;
  readonly invert?: boolean;
  readonly batchSize?: number;
}

export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .description('predict images with a trained model: a whole file of them, or a single picture')
    .requiredOption('--model <folder>', 'the folder of a run')
    .requiredOption('--input <path>', `a PNG or JPEG picture, or many images: ${DATA_KINDS}; labels are ignored`)
    .option('--output <csv>', 'where to write id,label; a picture’s prediction is only printed without it')
    .option('--probabilities', 'write each class’s probability too')
    .option('--invert', 'turn dark into light first, for dark strokes on a light ground')
    .option('--batch-size <n>', 'images in a step; 1 predicts one by one; default: about 256', positive);
  dataOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  anke predict --model runs/first --input data/digits/test.csv --output submission.csv\n  anke predict --model runs/first --input digit.png',
    )
    .action(runPredict);
}

async function runPredict(options: Options): Promise<void> {
  const terminal = new Terminal();
  const isSingle = isPicture(options.input);
  if (options.output === undefined && !isSingle)
    throw new UsageError('--output <csv> is needed: a file to write the predictions into');
  const many = isSingle ? undefined : await readImages(terminal, options.input, options);
  const device = await openDevice(terminal, { model: options.model });
  const model = loadModel(options.model, device);
  const read = many ?? (await readPicture(options.input, model));
  const images = options.invert ? inverted(read) : read;
  const facts = readDataFacts(options.model);
  if (facts && areInverted(pixelStatistics(images), facts.pixels)) {
    const hint = options.invert ? 'leave out --invert' : '--invert turns them round';
    terminal.say(
      colors.yellow(`Dark and light are the other way round than in what the model has learned from; ${hint}`),
    );
  }

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

  const nameOf = (i: number): string => facts?.classNames?.[i] ?? String(i);
  if (isSingle) showPrediction(terminal, probabilities, labels[0] as number, nameOf);
  if (options.output !== undefined) {
    const columns = options.probabilities ? Array.from({ length: classes }, (_, i) => `p${i}`) : [];
    const header = ['id', 'label', ...columns].join(',');
    const rows = Array.from(labels, (label, row) => {
      const shares = columns.map((_, i) => (probabilities[row * classes + i] as number).toPrecision(7));
      return `${[quoted(images.ids?.[row] ?? String(row)), quoted(nameOf(label)), ...shares].join(',')}\n`;
    });
    writeWhole(options.output, `${header}\n${rows.join('')}`);
    const rate = count(images.count / seconds);
    terminal.say(
      `${count(images.count)} predictions in ${duration(seconds)} (${rate} images/s) on ${device.report.name}`,
    );
    terminal.say(`written to ${options.output}`);
  }
  device.gpu.destroy();
}

/** A picture in the size that the model takes. */
async function readPicture(path: string, model: Sequential): Promise<ImageDataset> {
  const [height = 1, width = 1, channels = 1] = model.inputShape;
  const shape = [height, width, channels] as const;
  const { pixels } = await decodePicture(path, await readWhole(plainFile(path)), shape);
  return new ImageDataset(path, shape, pixels, undefined, [path]);
}

const inverted = ({ source, shape, pixels, labels, ids, classNames }: ImageDataset): ImageDataset =>
  new ImageDataset(
    source,
    shape,
    pixels.map((pixel) => 255 - pixel),
    labels,
    ids,
    classNames,
  );

/** A cell that may hold commas or quotes, as CSV has it. */
const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

const BAR = 24;

/** The class, and a bar for each one's probability. */
function showPrediction(
  terminal: Terminal,
  probabilities: Float32Array,
  label: number,
  nameOf: (i: number) => string,
): void {
  const width = Math.max(...Array.from(probabilities, (_, i) => nameOf(i).length));
  terminal.say(colors.bold(nameOf(label)));
  probabilities.forEach((share, i) => {
    const bar = '█'.repeat(Math.round(share * BAR)).padEnd(BAR, ' ');
    const line = `  ${nameOf(i).padStart(width)}  ${bar} ${percent(share).padStart(7)}`;
    terminal.say(i === label ? colors.green(line) : line);
  });
}

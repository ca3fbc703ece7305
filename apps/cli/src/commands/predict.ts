/** `anke predict`: a trained model's predictions, as CSV or for a single picture. */
import { areInverted, ImageDataset, isPicture, pixelStatistics, readWhole } from '@anke/data';
import { decodePicture, plainFile, writeWhole } from '@anke/files';
import type { Model } from '@anke/nn';
import { count, duration, mostLikely, percent } from '@anke/report';
import { samplesOf } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { csvCell } from '../csv-cell.js';
import { DATA_KINDS, type DataOptions, dataOptions, readImages } from '../data-sets.js';
import { openDevice } from '../device.js';
import { UsageError } from '../errors.js';
import { factsOf, loadModel } from '../model-folder.js';
import { Terminal } from '../terminal.js';
import { positive } from './options.js';

interface Options extends DataOptions {
  readonly model: string;
  readonly input: string;
  readonly output?: string;
  readonly probabilities?: boolean;
  readonly invert?: boolean;
  readonly top?: number;
  readonly batchSize?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .description('predict images with a trained model: a whole file of them, or a single picture')
    .requiredOption('--model <run>', 'the folder of a run, a .safetensors file in it, or an exported .onnx')
    .requiredOption(
      '--input <path>',
      `a PNG or JPEG picture, - for CSV from stdin, or many images: ${DATA_KINDS}; labels are ignored`,
    )
    .option(
      '--output <csv>',
      'where to write id,label, - for stdout; a picture’s prediction is only printed without it',
    )
    .option('--probabilities', 'write each class’s probability too')
    .option('--top <k>', 'write the k most likely classes, each with its probability', positive)
    .option('--invert', 'turn dark into light first, for dark strokes on a light ground')
    .option(
      '--batch-size <n>',
      'images in a step; 1 predicts one by one, and tells how long that takes; default: about 256',
      positive,
    )
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr');
  dataOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  anke predict --model runs/first --input data/digits/test.csv --output submission.csv
  anke predict --model runs/first --input - --output - --top 3 < data/digits/test.csv > top3.csv
  anke predict --model runs/first --input digit.png`,
    )
    .action(runPredict);
}

async function runPredict(options: Options): Promise<void> {
  const { input, output, batchSize } = options;
  const terminal = new Terminal(options);
  const isSingle = isPicture(input);
  if (output === undefined && !isSingle)
    throw new UsageError('--output <csv> is needed: a file to write the predictions into, or - for stdout');
  if (output === '-' && options.json) throw new UsageError('--json and --output - both write to stdout');
  const many = isSingle ? undefined : await readImages(terminal, input, options);
  const device = await openDevice(terminal, { model: options.model });
  const model = await loadModel(options.model, device);
  const read = many ?? (await readPicture(input, model));
  const images = options.invert ? inverted(read) : read;
  const facts = await factsOf(options.model);
  if (facts && areInverted(pixelStatistics(images), facts.pixels)) {
    const hint = options.invert ? 'leave out --invert' : '--invert turns them round';
    terminal.say(
      colors.yellow(`Dark and light are the other way round than in what the model has learned from; ${hint}`),
    );
  }

  const bar = terminal.progress('Predicting', 'images');
  const { probabilities, seconds, latency } =
    batchSize === 1 ? await oneByOne(model, images, bar.update) : await inBatches(model, images, batchSize, bar.update);
  bar.stop();
  const classes = model.outputShape[0] as number;
  const labels = mostLikely(probabilities, classes);
  const nameOf = (i: number): string => facts?.classNames?.[i] ?? String(i);
  if (isSingle) showPrediction(terminal, probabilities, labels[0] as number, nameOf);
  if (output !== undefined) {
    const text =
      options.top === undefined
        ? asCsv(images, probabilities, labels, nameOf, options.probabilities ?? false)
        : topAsCsv(images, probabilities, classes, nameOf, options.top);
    if (output === '-') process.stdout.write(text);
    else writeWhole(output, text);
    const rate = count(images.count / seconds);
    terminal.say(
      `${count(images.count)} predictions in ${duration(seconds)} (${rate} images/s) on ${device.report.name}`,
    );
    if (latency)
      terminal.say(`one by one: median ${latency.median.toFixed(2)} ms, 99% within ${latency.p99.toFixed(2)} ms`);
    if (output !== '-') terminal.say(`written to ${output}`);
  }
  terminal.result({
    images: images.count,
    seconds,
    ...(latency ? { latencyMs: latency } : {}),
    output,
    adapter: device.report.name,
  });
  device.gpu.destroy();
}

interface Predicted {
  /** (images, classes) */
  readonly probabilities: Float32Array;
  readonly seconds: number;
  /** Milliseconds from an image's bytes to its probabilities. */
  readonly latency?: { readonly median: number; readonly p99: number };
}

async function inBatches(
  model: Model,
  images: ImageDataset,
  batchSize: number | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<Predicted> {
  const started = performance.now();
  const size = batchSize === undefined ? {} : { batchSize };
  const probabilities = await model.predict(samplesOf(images), { ...size, onProgress });
  return { probabilities, seconds: (performance.now() - started) / 1000 };
}

/** As the notebook does it: an image goes to the device, and its probabilities come back, before the next one. */
async function oneByOne(
  model: Model,
  images: ImageDataset,
  onProgress: (done: number, total: number) => void,
): Promise<Predicted> {
  const classes = model.outputShape[0] as number;
  const probabilities = new Float32Array(images.count * classes);
  const predictor = await model.session.predictor(1, samplesOf(images));
  await predictor.predict(images.slice(0, 1).pixels); // compiles what the driver has left for later
  const milliseconds: number[] = [];
  const started = performance.now();
  for (let row = 0; row < images.count; row++) {
    const before = performance.now();
    probabilities.set(await predictor.predict(images.slice(row, row + 1).pixels), row * classes);
    milliseconds.push(performance.now() - before);
    onProgress(row + 1, images.count);
  }
  const seconds = (performance.now() - started) / 1000;
  const sorted = milliseconds.sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] as number;
  return { probabilities, seconds, latency: { median: at(0.5), p99: at(0.99) } };
}

const idOf = (images: ImageDataset, row: number): string => csvCell(images.ids?.[row] ?? String(row));

/** `id,label`, and each class's probability if they are asked for. */
function asCsv(
  images: ImageDataset,
  probabilities: Float32Array,
  labels: Uint32Array,
  nameOf: (i: number) => string,
  all: boolean,
): string {
  const classes = probabilities.length / images.count;
  const columns = all ? Array.from({ length: classes }, (_, i) => `p${i}`) : [];
  const rows = Array.from(labels, (label, row) => {
    const shares = columns.map((_, i) => (probabilities[row * classes + i] as number).toPrecision(7));
    return `${[idOf(images, row), csvCell(nameOf(label)), ...shares].join(',')}\n`;
  });
  return `${['id', 'label', ...columns].join(',')}\n${rows.join('')}`;
}

/** `id,label,probability,label2,probability2,…`: the k most likely classes, of equals the first. */
function topAsCsv(
  images: ImageDataset,
  probabilities: Float32Array,
  classes: number,
  nameOf: (i: number) => string,
  k: number,
): string {
  const kept = Math.min(k, classes);
  const header = Array.from({ length: kept }, (_, i) =>
    i === 0 ? 'label,probability' : `label${i + 1},probability${i + 1}`,
  );
  const rows = Array.from({ length: images.count }, (_, row) => {
    const shares = probabilities.subarray(row * classes, (row + 1) * classes);
    const order = Array.from(shares, (_, i) => i).sort(
      (a, b) => (shares[b] as number) - (shares[a] as number) || a - b,
    );
    const cells = order.slice(0, kept).map((i) => `${csvCell(nameOf(i))},${(shares[i] as number).toPrecision(7)}`);
    return `${[idOf(images, row), ...cells].join(',')}\n`;
  });
  return `id,${header.join(',')}\n${rows.join('')}`;
}

/** A picture in the size that the model takes. */
async function readPicture(path: string, model: Model): Promise<ImageDataset> {
  const [height = 1, width = 1, channels = 1] = model.inputShape;
  const shape = [height, width, channels] as const;
  const { pixels } = await decodePicture(path, await readWhole(plainFile(path)), shape);
  return new ImageDataset(path, shape, pixels, { ids: [path] });
}

const inverted = ({ source, shape, pixels, ...facts }: ImageDataset): ImageDataset =>
  new ImageDataset(
    source,
    shape,
    pixels.map((pixel) => 255 - pixel),
    facts,
  );

const BAR = 24;

/** The class, and a bar for each one's probability. */
function showPrediction(
  terminal: Terminal,
  probabilities: Float32Array,
  label: number,
  nameOf: (i: number) => string,
): void {
  const width = Math.max(...Array.from(probabilities, (_, i) => nameOf(i).length));
  terminal.print(colors.bold(nameOf(label)));
  probabilities.forEach((share, i) => {
    const bar = '█'.repeat(Math.round(share * BAR)).padEnd(BAR, ' ');
    const line = `  ${nameOf(i).padStart(width)}  ${bar} ${percent(share).padStart(7)}`;
    terminal.print(i === label ? colors.green(line) : line);
  });
}

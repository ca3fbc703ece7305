/** `anke predict`: a trained model's predictions, as CSV or for a single picture. */
import { areInverted, ImageDataset, isPicture, pixelStatistics, readWhole } from '@anke/data';
import { decodePicture, plainFile, writeWhole } from '@anke/files';
import type { Model } from '@anke/nn';
import { count, duration, mostLikely } from '@anke/report';
import { samplesOf } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { DATA_KINDS, type DataOptions, dataOptions, type RowRange, readImages, readRows } from '../data-sets.js';
import { deviceName, openDevice } from '../device.js';
import { UsageError } from '../errors.js';
import { factsOf, imageShapeOf } from '../model-folder.js';
import { predictShards } from '../shards/predict-shards.js';
import { Terminal } from '../terminal.js';
import { placeVoters, readVoters, type VotingOptions, votesOf, votingOptions } from '../voting.js';
import { operands, TRAINED_MODELS } from './operands.js';
import { GROUP, positive, rowRange } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';
import { asCsv, listJson, type Predictions, pictureJson, showPrediction, showTable, topAsCsv } from './predictions.js';

interface Options extends DataOptions, OutputOptions, VotingOptions {
  readonly model: readonly string[];
  readonly input: string;
  readonly probabilities?: boolean;
  readonly invert?: boolean;
  readonly top?: number;
  readonly batchSize?: number;
  readonly rows?: RowRange;
  readonly shards?: number;
  readonly workers?: number;
}

export function addPredict(program: Command): void {
  const command = operands(program.command('predict'), [
    TRAINED_MODELS,
    {
      option: 'input',
      name: 'images',
      description: `PNG or JPEG pictures, one or a folder of them, - for CSV from stdin, or ${DATA_KINDS}`,
    },
  ])
    .description('predict images with a trained model: a whole file of them, or a single picture')
    .optionsGroup(GROUP.prediction)
    .option('--probabilities', 'write each class’s probability too')
    .option('--top <k>', 'write the k most likely classes, each with its probability', positive)
    .option('--invert', 'turn dark into light first, for dark strokes on a light ground')
    .option(
      '--batch-size <n>',
      'images in a step; 1 predicts one by one, and tells how long that takes; default: about 256',
      positive,
    )
    .option('--rows <from:to>', 'only these rows of a CSV file, counted from 0; the last is not among them', rowRange)
    .option(
      '--shards <n>',
      'predict a CSV file in so many parts, each in a process of its own, to the same file',
      positive,
    )
    .option('--workers <n>', 'with --shards: parts that are predicted at once; default: 1', positive);
  votingOptions(command);
  const out = 'where to write id,label, - for stdout; else the first are printed';
  outputOptions(dataOptions(command), 'csv', out, 'output')
    .addHelpText(
      'after',
      `
Examples:
  anke predict runs/first data/digits/test.csv
  anke predict runs/first data/digits/test.csv --out submission.csv
  anke predict runs/first - --out - --top 3 < data/digits/test.csv > top3.csv
  anke predict runs/first data/many.csv --out labels.csv --shards 12 --workers 3
  anke predict runs/first digit.png
  anke predict --model runs/first --model runs/second data/digits/test.csv --tta 8 --out submission.csv`,
    )
    .action(() => runPredict(command.opts()));
}

async function runPredict(options: Options): Promise<void> {
  const { model: runs, input, out, batchSize, top, probabilities: withProbabilities = false, json = false } = options;
  const terminal = new Terminal(options);
  if (out === '-' && json) throw new UsageError('--json and --out - both write to stdout');
  if (top !== undefined && withProbabilities)
    throw new UsageError('--top writes the probabilities of some classes, --probabilities those of all: choose one');
  if (out === undefined && (top !== undefined || withProbabilities))
    throw new UsageError(`${top === undefined ? '--probabilities' : '--top'} needs --out: a CSV file, or - for stdout`);
  const path = out === undefined ? undefined : writable(out, options);
  const [run] = runs as [string];
  const voters = await readVoters(runs);
  const { first: stored, classes } = voters;
  if (top !== undefined && top > classes) throw new UsageError(`--top ${top}: the model has ${classes} classes`);
  if (options.shards !== undefined) return await predictShards(terminal, { ...options, shards: options.shards }, path);
  if (options.workers !== undefined) throw new UsageError('--workers is for --shards: into how many parts?');
  const isSingle = isPicture(input);
  const shape = options.imageShape ?? imageShapeOf(stored.graph);
  const read = isSingle
    ? await readPicture(input, shape)
    : options.rows
      ? await readRows(input, options.rows, { imageShape: shape })
      : await readImages(terminal, input, { ...options, imageShape: shape });
  const device = await openDevice(terminal, { model: run });
  const models = await placeVoters(voters, device.gpu);
  const images = options.invert ? inverted(read) : read;
  const facts = await factsOf(run);
  if (facts && areInverted(pixelStatistics(images), facts.pixels)) {
    const hint = options.invert ? 'leave out --invert' : '--invert turns them round';
    terminal.say(
      colors.yellow(`Dark and light are the other way round than in what the model has learned from; ${hint}`),
    );
  }

  const bar = terminal.progress('Predicting', 'images');
  const { probabilities, seconds, latency } =
    batchSize === 1 && models.length === 1 && options.tta === 1
      ? await oneByOne(models[0] as Model, images, bar.update)
      : await inBatches(models, images, options, bar.update);
  bar.stop();
  const labels = mostLikely(probabilities, classes);
  const nameOf = (i: number): string => stored.classNames?.[i] ?? String(i);
  const all: Predictions = { images, probabilities, labels, nameOf, first: options.rows?.from ?? 0 };
  if (isSingle && !json) showPrediction(terminal, all);
  else if (path === undefined && !json) showTable(terminal, all);
  if (path !== undefined) {
    const text = top === undefined ? asCsv(all, withProbabilities) : topAsCsv(all, top);
    if (path === '-') process.stdout.write(text);
    else writeWhole(path, text);
  }
  if (!isSingle) {
    const rate = count(images.count / seconds);
    terminal.say(
      `${count(images.count)} predictions in ${duration(seconds)} (${rate} images/s) on ${deviceName(device.report)}`,
    );
  }
  if (latency)
    terminal.say(`one by one: median ${latency.median.toFixed(2)} ms, 99% within ${latency.p99.toFixed(2)} ms`);
  if (path !== undefined && path !== '-') terminal.say(`written to ${path}`);
  terminal.result({
    images: images.count,
    seconds,
    ...(isSingle ? pictureJson(all) : path === undefined ? { predictions: listJson(all) } : {}),
    ...(latency ? { latencyMs: latency } : {}),
    out: path,
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
  models: readonly Model[],
  images: ImageDataset,
  { tta: copies, ttaSeed: seed, batchSize }: Options,
  onProgress: (done: number, total: number) => void,
): Promise<Predicted> {
  const started = performance.now();
  const { vote: probabilities } = await votesOf(models, images, { copies, seed, batchSize, onProgress });
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

/** A picture in the size that the model takes. */
async function readPicture(path: string, shape: readonly [number, number, number]): Promise<ImageDataset> {
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

/** `report.html` and the pictures beside it: what a run has learned, how well, how fast, and on what. */
import { arch, platform, release, version } from 'node:os';
import { join } from 'node:path';
import { type ImageDataset, inspect } from '@anke/data';
import { Recorder } from '@anke/kernels';
import { Adam, countParameters, DeviceData, type Sequential, sparseCategoricalCrossentropy, trainStep } from '@anke/nn';
import { PNG } from 'pngjs';
import { contactSheet } from '../charts/contact-sheet.js';
import { renderPng } from '../charts/curves.js';
import type { Device } from '../device.js';
import { writeWhole } from '../files.js';
import { formatJson } from '../json.js';
import { byKernel, type KernelShare } from '../kernel-shares.js';
import { makeModel } from '../recipe/make.js';
import type { ResolvedRecipe } from '../recipe/schema.js';
import { samplesOf } from '../samples.js';
import { count, duration, percent, type Terminal } from '../terminal.js';
import type { Phase, TrainingData } from '../training.js';
import { chartSvg, confusionChart, curvesChart } from './charts.js';
import { type EvaluationReport, evaluationOf } from './evaluation.js';
import { bar, html, pageHtml, picture, type Section, table } from './page.js';

export interface RunFacts {
  readonly folder: string;
  readonly recipe: ResolvedRecipe;
  readonly phases: readonly Phase[];
}

/** Writes report.html, confusion.svg and confusion.png into the run's folder. */
export async function writeReport(
  terminal: Terminal,
  device: Device,
  model: Sequential,
  data: TrainingData,
  { folder, recipe, phases }: RunFacts,
): Promise<void> {
  const { training, validation } = data;
  const { batchSize } = recipe;
  const classes = model.outputShape[0] as number;
  const progress = terminal.progress('Predicting the validation images', 'images');
  const probabilities = await model.predict(samplesOf(validation), { onProgress: progress.update });
  progress.stop();
  const evaluation = evaluationOf(validation, probabilities, classes);
  const names = evaluation.classes.map(({ name }) => name);
  const confusion = confusionChart(evaluation.matrix, names);
  const svg = await chartSvg(confusion);
  writeWhole(join(folder, 'confusion.svg'), svg);
  writeWhole(join(folder, 'confusion.png'), renderPng(svg));

  const seconds = phases.flatMap(({ epochs }) => epochs).reduce((sum, epoch) => sum + epoch.seconds, 0);
  const best = phases
    .flatMap(({ epochs }) => epochs)
    .reduce((least, epoch) => Math.min(least, epoch['val_loss'] as number), Number.POSITIVE_INFINITY);
  const kernels = await timeKernels(device, data, recipe, Math.min(batchSize, training.count));
  const weights = await model.getWeights();
  const firstKernel = [...weights].find(([, { shape }]) => shape.length === 4)?.[1];
  const sections: (Section | undefined)[] = [
    { title: 'Loss and accuracy', body: phasesTable(phases), chart: curvesChart(phases) },
    { title: 'Data', body: dataSheet(training, validation) },
    { title: 'Confusion matrix of the validation images', body: '', chart: confusion },
    { title: 'Classes', body: classTable(evaluation) },
    { title: 'The worst mistakes', body: mistakes(validation, evaluation, probabilities, names) },
    firstKernel && { title: 'Kernels of the first convolution', body: filters(firstKernel.shape, firstKernel.values) },
    { title: 'Model', body: `<pre>${html(model.summary())}</pre>` },
    kernels.length > 0
      ? { title: `A training step of ${batchSize} images, by kernel`, body: kernelTable(kernels) }
      : undefined,
    { title: 'Environment', body: environment(device) },
    { title: 'Recipe', body: `<pre>${html(formatJson(recipe))}</pre>` },
  ];
  const page = pageHtml({
    title: `Anke: ${folder}`,
    subtitle: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, on ${device.report.name}`,
    figures: [
      ['accuracy on the validation images', percent(evaluation.accuracy)],
      ['least validation loss', Number.isFinite(best) ? best.toFixed(4) : '–'],
      ['images to train on', count(training.count)],
      ['parameters', count(countParameters(model.layers).total)],
      ['epochs', String(phases.reduce((sum, { epochs }) => sum + epochs.length, 0))],
      ['of training', duration(seconds)],
    ],
    sections: sections.filter((section) => section !== undefined),
  });
  writeWhole(join(folder, 'report.html'), page);
}

const phasesTable = (phases: readonly Phase[]): string =>
  table(
    ['Phase', 'Epochs', 'Best epoch', 'Validation loss', 'Validation accuracy', 'Time'],
    phases.map(({ name, epochs, bestEpoch, stoppedEarly }) => {
      const best = bestEpoch === undefined ? undefined : epochs[bestEpoch - 1];
      return [
        html(name),
        `${epochs.length}${stoppedEarly ? ', stopped early' : ''}`,
        String(bestEpoch ?? '–'),
        best ? (best['val_loss'] as number).toFixed(4) : '–',
        best ? percent(best['val_accuracy'] as number) : '–',
        duration(epochs.reduce((sum, { seconds }) => sum + seconds, 0)),
      ];
    }),
  );

const SHEET_COLUMNS = 18;

function dataSheet(training: ImageDataset, validation: ImageDataset): string {
  const { shape, pixels, classes = [], duplicates } = inspect(training);
  const largest = Math.max(1, ...classes.map(({ images }) => images));
  const facts = table(
    ['', 'Training', 'Validation'],
    [
      ['images', count(training.count), count(validation.count)],
      ['shape', shape.join(' × '), validation.shape.join(' × ')],
      [
        'pixels',
        `${pixels.least} … ${pixels.most}, mean ${pixels.mean.toFixed(1)} ± ${pixels.deviation.toFixed(1)}`,
        '',
      ],
      ['like an earlier one', count(duplicates), ''],
    ],
  );
  const rows = classes.map(({ name, images }) => [html(name), count(images), bar(images / largest)]);
  const sheet = Buffer.from(contactSheet(training, SHEET_COLUMNS, 5)).toString('base64');
  return `${facts}<p>${table(['Class', 'Training images', ''], rows)}</p><img class="sheet" alt="the first training images" src="data:image/png;base64,${sheet}">`;
}

const classTable = ({ classes }: EvaluationReport): string => {
  const share = (value: number): string => (Number.isNaN(value) ? '–' : percent(value));
  return table(
    ['Class', 'Images', 'Precision', 'Recall', ''],
    classes.map(({ name, images, precision, recall }) => [
      html(name),
      count(images),
      share(precision),
      share(recall),
      bar(recall || 0),
    ]),
  );
};

const THUMBNAIL = 84;

/** Images as grey or RGB PNG. */
function imagePng({ shape: [height, width, channels] }: ImageDataset, pixels: ArrayLike<number>): Uint8Array {
  const png = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) {
    const at = (channel: number): number => pixels[i * channels + (channels === 3 ? channel : 0)] as number;
    png.data.set([at(0), at(1), at(2), 255], 4 * i);
  }
  return PNG.sync.write(png);
}

function mistakes(
  data: ImageDataset,
  { mistakes: worst }: EvaluationReport,
  probabilities: Float32Array,
  names: readonly string[],
): string {
  if (worst.length === 0) return '<p>There are none.</p>';
  const [height, width] = data.shape;
  const scale = THUMBNAIL / Math.max(height, width);
  const figures = worst.map(({ row, label, predicted, confidence, share }) => {
    const [image] = [data.slice(row, row + 1)];
    const all = names
      .map((name, i) => `${name}: ${percent(probabilities[row * names.length + i] as number)}`)
      .join('\n');
    const [truth, guess] = [names[label] as string, names[predicted] as string];
    const drawn = picture(imagePng(data, image.pixels), width * scale, height * scale, `image ${row}, a ${truth}`);
    return `<figure title="${html(`${image.ids?.[0] ?? `row ${row}`}\n${all}`)}">${drawn}<figcaption>${html(truth)} → <b>${html(guess)}</b><br>${percent(confidence)}, ${html(truth)} ${percent(share)}</figcaption></figure>`;
  });
  return `<p class="dim">True class → prediction, with its probability and that of the true class; all probabilities when you point at an image.</p><div class="tiles">${figures.join('')}</div>`;
}

/** Kernels (height, width, in, out), the first input channel: blue is negative, orange positive. */
function filters(
  [height = 1, width = 1, inChannels = 1, outChannels = 1]: readonly number[],
  values: Float32Array,
): string {
  const at = (place: number, filter: number): number => values[place * inChannels * outChannels + filter] as number;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const tiles = Array.from({ length: outChannels }, (_, filter) => {
    const png = new PNG({ width, height });
    for (let i = 0; i < width * height; i++) {
      const share = at(i, filter) / largest;
      const part = (color: readonly number[]): number[] =>
        color.map((light) => Math.round(245 + (light - 245) * Math.abs(share)));
      png.data.set([...part(share > 0 ? [222, 110, 20] : [25, 95, 170]), 255], 4 * i);
    }
    return `<figure>${picture(PNG.sync.write(png), 48, (48 * height) / width, `kernel ${filter}`)}</figure>`;
  });
  return `<p class="dim">Blue is negative, orange positive.</p><div class="tiles">${tiles.join('')}</div>`;
}

const kernelTable = (kernels: readonly KernelShare[]): string => {
  const longest = Math.max(...kernels.map(({ ms }) => ms));
  const total = kernels.reduce((sum, { ms }) => sum + ms, 0);
  const rows = kernels.map(({ kernel, ms, dispatches, gflops }) => [
    html(kernel),
    String(dispatches),
    `${ms.toFixed(3)} ms`,
    gflops >= 0.5 ? gflops.toFixed(1) : '',
    bar(ms / longest),
  ]);
  return `${table(['Kernel (variant)', 'Dispatches', 'Time', 'GFLOP/s', ''], rows)}<p class="dim">${total.toFixed(1)} ms in all, by the device’s timestamps.</p>`;
};

const environment = ({ report, gpu }: Device): string =>
  table(
    ['', ''],
    [
      ['adapter', html(report.name)],
      ['driver', html(report.why)],
      ['subgroups', gpu.traits.subgroupSize > 0 ? `${gpu.traits.subgroupSize} lanes` : 'none'],
      ['features', html([...gpu.device.features].sort().join(', '))],
      ['Node', html(process.version)],
      ['system', html(`${platform()} ${arch()} ${release()} (${version()})`)],
    ],
  );

/** Where the time of a training step goes: one step of a model of its own, on the first images. */
async function timeKernels(
  { gpu }: Device,
  { training, augmentation }: TrainingData,
  { layers, storage }: ResolvedRecipe,
  batch: number,
): Promise<KernelShare[]> {
  if (!gpu.device.features.has('timestamp-query')) return [];
  const model = makeModel(layers, { seed: 1, inputShape: training.shape, classes: training.classes });
  const optimizer = new Adam();
  model.compile({ gpu, optimizer, storage });
  const { moments } = model.compiled;
  const data = new DeviceData(gpu, 'report', samplesOf(training.slice(0, batch)), augmentation);
  const totals = gpu.storage('totals', 12);
  const recorder = new Recorder(gpu);
  trainStep(
    recorder,
    model.program,
    data,
    { size: batch, stride: 0 },
    sparseCategoricalCrossentropy,
    optimizer,
    moments,
    totals,
  );
  const recording = await recorder.finish();
  try {
    return byKernel(await recording.time());
  } finally {
    recording.destroy();
    data.destroy();
    totals.buffer?.destroy();
    model.destroy();
  }
}

/** The parts of a report as HTML: tables, pictures and the text between them. */
import { type ImageDataset, type Inspection, inspect } from '@anke/data';
import type { Phase } from '@anke/training';
import { contactSheet } from './contact-sheet.js';
import { bestOf, metricsOf, metricTitle, phaseTitle, quantity } from './epochs.js';
import { confusionsOf, type EvaluationReport } from './evaluation.js';
import { count, duration, percent } from './format.js';
import { bar, facts, html, table } from './html.js';
import { dataUri, imagePng, kernelPng, picture } from './pictures.js';
import { remarkOn, type StepTimes } from './step-times.js';

/** A row a phase, with what its best epoch came to: the one that early stopping kept, or that of the least loss. */
export function phasesTable(phases: readonly Phase[]): string {
  const metrics = metricsOf(phases).map((name) => `val_${name}`);
  return table(
    ['Phase', 'Epochs', 'Best epoch', ...metrics.map((metric) => html(metricTitle(metric))), 'Time'],
    phases.map((phase, i) => {
      const { name, epochs, bestEpoch, stoppedEarly } = phase;
      const before = phases.slice(0, i).reduce((sum, one) => sum + one.epochs.length, 0);
      const best = bestEpoch ?? bestOf([phase])?.epoch;
      const values = best === undefined ? undefined : epochs[best - 1];
      return [
        html(phaseTitle(name)),
        `${range(before + 1, before + epochs.length)}${stoppedEarly ? ', stopped early' : ''}`,
        best === undefined ? '–' : String(before + best),
        ...metrics.map((metric) => quantity(metric, values?.[metric])),
        duration(epochs.reduce((sum, { seconds }) => sum + seconds, 0)),
      ];
    }),
  );
}

/** 5 … 8 */
const range = (first: number, last: number): string =>
  last < first ? 'none' : last === first ? String(first) : `${first} … ${last}`;

/** A class's name in a table, whose line it does not break. */
const className = (name: string): string => `<span class="name" title="${html(name)}">${html(name)}</span>`;

/** Sizes and pixels of the data, how many training images each class has, and its first ones. */
export function dataSheet(training: ImageDataset, validation: ImageDataset): string {
  const inspection = inspect(training);
  const { shape, pixels, duplicates } = inspection;
  const told = facts([
    ['training', `${count(training.count)} images`],
    ['validation', `${count(validation.count)} images`],
    ['shape', shape.join(' × ')],
    ['pixels', `${pixels.least} … ${pixels.most}, mean ${pixels.mean.toFixed(1)} ± ${pixels.deviation.toFixed(1)}`],
    ['duplicates', duplicates === 0 ? 'none' : `${count(duplicates)} of the training images`],
    ['source', html(training.source)],
  ]);
  return `${told}${trainingImages(training, inspection)}`;
}

/** Images of a class that are shown. */
const SAMPLES = 6;
const SHEET_COLUMNS = 18;
/** With more classes than this, the first images are shown as they come. */
const MOST_CLASSES = 100;

function trainingImages(training: ImageDataset, { classes = [] }: Inspection): string {
  const { labels } = training;
  if (!labels || classes.length > MOST_CLASSES) {
    const sheet = dataUri(contactSheet(training, SHEET_COLUMNS, 5));
    return `<img class="sheet" alt="the first training images" src="${sheet}">`;
  }
  const rows = classes.map((): number[] => []);
  labels.forEach((label, row) => {
    const list = rows[label] as number[];
    if (list.length < SAMPLES) list.push(row);
  });
  const shown = classes.map(({ name, images }, label) => {
    const first = (rows[label] as number[]).map((row) => thumbnail(training, row, `a ${name}`));
    return `<div>${className(name)} <span class="dim">· ${count(images)}</span><br>${first.join(' ')}</div>`;
  });
  return `<h3>Training images of each class</h3><div class="classes">${shown.join('')}</div>`;
}

const thumbnail = (data: ImageDataset, row: number, alt: string): string => {
  const image = data.slice(row, row + 1);
  const [height, width] = image.shape;
  const side = 28 / Math.max(height, width);
  return picture(imageOf(image), width * side, height * side, alt);
};

const imageOf = (image: ImageDataset): Uint8Array => imagePng(image.shape, image.pixels);

export function classTable({ classes }: EvaluationReport): string {
  const share = (value: number): string => (Number.isNaN(value) ? '–' : percent(value));
  return table(
    ['Class', 'Images', 'Precision', 'Recall', ''],
    classes.map(({ name, images, precision, recall }) => [
      className(name),
      count(images),
      share(precision),
      share(recall),
      bar(recall || 0),
    ]),
  );
}

const MOST_CONFUSIONS = 8;

/** The pairs of classes that are confused most. */
export function confusions({ matrix, classes }: EvaluationReport): string {
  const all = confusionsOf(matrix);
  if (all.length === 0) return '<p>No image was taken for one of another class.</p>';
  const nameOf = (i: number): string => className(classes[i]?.name ?? String(i));
  const rows = all
    .slice(0, MOST_CONFUSIONS)
    .map(({ label, predicted, images, share }) => [nameOf(label), nameOf(predicted), count(images), percent(share)]);
  return `<h3>Most confused</h3>${table(['True class', 'Taken for', 'Images', 'Of the class'], rows)}`;
}

/** Kernels (height, width, in, out) of a convolution: those of the first input channel. */
export function filters(shape: readonly number[], values: Float32Array): string {
  const [height = 1, width = 1, inChannels = 1, outChannels = 1] = shape;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const tiles = Array.from({ length: outChannels }, (_, filter) => {
    const own = Float64Array.from(
      { length: height * width },
      (_, i) => (values[i * inChannels * outChannels + filter] as number) / largest,
    );
    const drawn = picture(kernelPng(height, width, own), 48, (48 * height) / width, `kernel ${filter}`);
    return `<figure>${drawn}</figure>`;
  });
  return `<p class="dim">Blue is negative, orange positive.</p><div class="tiles">${tiles.join('')}</div>`;
}

/** Where a step's time goes. */
export function kernelTable(step: StepTimes): string {
  const longest = Math.max(...step.kernels.map(({ ms }) => ms));
  const rows = step.kernels.map(({ kernel, ms, dispatches, gflops }) => [
    html(kernel),
    String(dispatches),
    `${ms.toFixed(3)} ms`,
    gflops >= 0.5 ? gflops.toFixed(1) : '',
    bar(ms / longest),
  ]);
  const sum = `${step.ms.toFixed(1)} ms in all: medians of ${step.rounds} rounds by the device’s timestamps.`;
  const remark = `<p class="dim">${sum} ${remarkOn(step)}</p>`;
  return `${remark}${table(['Kernel (variant)', 'Dispatches', 'Time', 'GFLOP/s', ''], rows)}`;
}

/** The parts of a report as HTML: tables, pictures and the text between them. */
import { type ImageDataset, inspect } from '@anke/data';
import type { Phase } from '@anke/training';
import { contactSheet } from './contact-sheet.js';
import { metricsOf, quantity, quantityTitle } from './epochs.js';
import type { EvaluationReport, Mistake } from './evaluation.js';
import { count, duration, percent } from './format.js';
import type { KernelShare } from './kernel-shares.js';
import { bar, dataUri, html, picture, table } from './page.js';
import { imagePng, kernelPng } from './pictures.js';

export function phasesTable(phases: readonly Phase[]): string {
  const names = ['loss', ...metricsOf(phases)].map((name) => `val_${name}`);
  return table(
    ['Phase', 'Epochs', 'Best epoch', ...names.map((name) => html(quantityTitle(name))), 'Time'],
    phases.map(({ name, epochs, bestEpoch, stoppedEarly }) => {
      const best = bestEpoch === undefined ? undefined : epochs[bestEpoch - 1];
      return [
        html(name),
        `${epochs.length}${stoppedEarly ? ', stopped early' : ''}`,
        String(bestEpoch ?? '–'),
        ...names.map((one) => quantity(one, best?.[one])),
        duration(epochs.reduce((sum, { seconds }) => sum + seconds, 0)),
      ];
    }),
  );
}

const SHEET_COLUMNS = 18;

/** Sizes, pixels and classes of the data, and its first images. */
export function dataSheet(training: ImageDataset, validation: ImageDataset): string {
  const { shape, pixels, classes = [], duplicates } = inspect(training);
  const largest = Math.max(1, ...classes.map(({ images }) => images));
  const range = `${pixels.least} … ${pixels.most}, mean ${pixels.mean.toFixed(1)} ± ${pixels.deviation.toFixed(1)}`;
  const facts = table(
    ['', 'Training', 'Validation'],
    [
      ['images', count(training.count), count(validation.count)],
      ['shape', shape.join(' × '), validation.shape.join(' × ')],
      ['pixels', range, ''],
      ['like an earlier one', count(duplicates), ''],
    ],
  );
  const rows = classes.map(({ name, images }) => [html(name), count(images), bar(images / largest)]);
  const sheet = dataUri(contactSheet(training, SHEET_COLUMNS, 5));
  return [
    facts,
    `<p>${table(['Class', 'Training images', ''], rows)}</p>`,
    `<img class="sheet" alt="the first training images" src="${sheet}">`,
  ].join('');
}

export function classTable({ classes }: EvaluationReport): string {
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
}

const THUMBNAIL = 84;

/**
 * The worst mistakes as pictures.
 *
 * @param probabilities (images, classes)
 */
export function mistakes(data: ImageDataset, evaluation: EvaluationReport, probabilities: Float32Array): string {
  if (evaluation.mistakes.length === 0) return '<p>There are none.</p>';
  const names = evaluation.classes.map(({ name }) => name);
  const figures = evaluation.mistakes.map((mistake) => {
    const first = mistake.row * names.length;
    return mistakeFigure(data, mistake, names, probabilities.subarray(first, first + names.length));
  });
  const legend =
    'True class → prediction, with its probability and that of the true class; ' +
    'all probabilities when you point at an image.';
  return `<p class="dim">${legend}</p><div class="tiles">${figures.join('')}</div>`;
}

function mistakeFigure(
  data: ImageDataset,
  { row, label, predicted, confidence, share }: Mistake,
  names: readonly string[],
  probabilities: Float32Array,
): string {
  const [height, width] = data.shape;
  const scale = THUMBNAIL / Math.max(height, width);
  const image = data.slice(row, row + 1);
  const all = names.map((name, i) => `${name}: ${percent(probabilities[i] as number)}`).join('\n');
  const [truth, guess] = [names[label] as string, names[predicted] as string];
  const png = imagePng(image.shape, image.pixels);
  const drawn = picture(png, width * scale, height * scale, `image ${row}, a ${truth}`);
  const caption = `${html(truth)} → <b>${html(guess)}</b><br>${percent(confidence)}, ${html(truth)} ${percent(share)}`;
  const title = html(`${image.ids?.[0] ?? `row ${row}`}\n${all}`);
  return `<figure title="${title}">${drawn}<figcaption>${caption}</figcaption></figure>`;
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
export function kernelTable(kernels: readonly KernelShare[]): string {
  const longest = Math.max(...kernels.map(({ ms }) => ms));
  const total = kernels.reduce((sum, { ms }) => sum + ms, 0);
  const rows = kernels.map(({ kernel, ms, dispatches, gflops }) => [
    html(kernel),
    String(dispatches),
    `${ms.toFixed(3)} ms`,
    gflops >= 0.5 ? gflops.toFixed(1) : '',
    bar(ms / longest),
  ]);
  const sum = `<p class="dim">${total.toFixed(1)} ms in all, by the device’s timestamps.</p>`;
  return `${table(['Kernel (variant)', 'Dispatches', 'Time', 'GFLOP/s', ''], rows)}${sum}`;
}

/**
 * A run's report: what it has learned, how well, how fast, and on what; a page, and the confusion matrix as a picture.
 */
import type { Gpu } from '@anke/kernels';
import { Adam, countParameters, type Logs, type Model, Session, sizeOf } from '@anke/nn';
import {
  comparedSamplesOf,
  formatJson,
  makeGoal,
  makeModel,
  type Phase,
  type ResolvedRecipe,
  samplesOf,
  type TrainingData,
} from '@anke/training';
import { type Chart, confusionChart, curvesChart } from './charts.js';
import { metricsOf, quantity } from './epochs.js';
import { classesOf, evaluationOf } from './evaluation.js';
import { count, duration, percent } from './format.js';
import { byKernel, type KernelShare } from './kernel-shares.js';
import { html, pageHtml, type Section, table } from './page.js';
import { chartSvg, renderPng } from './render.js';
import { classTable, dataSheet, filters, kernelTable, mistakes, phasesTable } from './sections.js';

/** A run that has come to its end. */
export interface FinishedRun {
  /** What the report is called. */
  readonly name: string;
  readonly gpu: Gpu;
  /** The device's name. */
  readonly device: string;
  /** What else the run ran on, by name. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly model: Model;
  readonly data: TrainingData;
  readonly recipe: ResolvedRecipe;
  readonly phases: readonly Phase[];
}

export interface Report {
  readonly page: string;
  /** Of a model that tells classes apart. */
  readonly confusion?: { readonly svg: string; readonly png: Uint8Array };
}

/** What is told of a classifier alone. */
interface OfClasses {
  readonly sections: readonly Section[];
  readonly confusion: Chart;
}

/**
 * Evaluates the run's model on the validation images, and tells all about the run.
 *
 * @param onProgress of the prediction, which there is none of where the model tells no classes apart
 */
export async function makeReport(
  run: FinishedRun,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<Report> {
  const { name, device, environment, model, data, recipe, phases } = run;
  const { training, validation } = data;
  const classifier = await ofClasses(run, onProgress);
  const kernels = await timeKernels(run);
  const firstKernel = [...(await model.getWeights())].find(([, { shape }]) => shape.length === 4)?.[1];
  const sections: (Section | undefined)[] = [
    { title: titleOf(metricsOf(phases)), body: phasesTable(phases), chart: curvesChart(phases) },
    { title: 'Data', body: dataSheet(training, validation) },
    ...(classifier?.sections ?? []),
    firstKernel && { title: 'Kernels of the first convolution', body: filters(firstKernel.shape, firstKernel.values) },
    { title: 'Model', body: `<pre>${html(model.summary())}</pre>` },
    kernels.length > 0
      ? { title: `A training step of ${recipe.batchSize} images, by kernel`, body: kernelTable(kernels) }
      : undefined,
    {
      title: 'Environment',
      body: table(
        ['', ''],
        environment.map((row) => row.map(html)),
      ),
    },
    { title: 'Recipe', body: `<pre>${html(formatJson(recipe))}</pre>` },
  ];
  const page = await pageHtml({
    title: `Anke: ${name}`,
    subtitle: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, on ${device}`,
    figures: figuresOf(run, classifier?.accuracy),
    sections: sections.filter((section) => section !== undefined),
  });
  if (!classifier) return { page };
  const svg = await chartSvg(classifier.confusion);
  return { page, confusion: { svg, png: await renderPng(svg) } };
}

const titleOf = (metrics: readonly string[]): string =>
  metrics.length === 0 ? 'Loss' : `Loss and ${metrics.join() === 'accuracy' ? 'accuracy' : 'metrics'}`;

/** Predicts the validation images, and tells how they are confused; undefined if the model tells no classes apart. */
async function ofClasses(
  { model, data: { validation } }: FinishedRun,
  onProgress: (done: number, total: number) => void,
): Promise<(OfClasses & { readonly accuracy: number }) | undefined> {
  const classes = classesOf(model);
  if (classes === undefined || classes !== validation.classes) return undefined;
  const probabilities = await model.predict(samplesOf(validation), { onProgress });
  const evaluation = evaluationOf(validation, probabilities, classes);
  const names = evaluation.classes.map(({ name }) => name);
  const confusion = confusionChart(evaluation.matrix, names);
  const sections = [
    { title: 'Confusion matrix of the validation images', body: '', chart: confusion },
    { title: 'Classes', body: classTable(evaluation) },
    { title: 'The worst mistakes', body: mistakes(validation, evaluation, probabilities) },
  ];
  return { sections, confusion, accuracy: evaluation.accuracy };
}

/** What matters most. */
function figuresOf({ data, model, phases }: FinishedRun, accuracy?: number): [name: string, value: string][] {
  const epochs = phases.flatMap((phase) => phase.epochs);
  const least = Math.min(...epochs.flatMap((epoch) => epoch['val_loss'] ?? []));
  const last: Logs = epochs.at(-1) ?? {};
  const of = (name: string): [string, string] => [`${name} of the last epoch`, quantity(name, last[`val_${name}`])];
  return [
    accuracy === undefined
      ? of(metricsOf(phases)[0] ?? 'loss')
      : ['accuracy on the validation images', percent(accuracy)],
    ['least validation loss', Number.isFinite(least) ? least.toFixed(4) : '–'],
    ['images to train on', count(data.training.count)],
    ['parameters', count(countParameters(model.layers).total)],
    ['epochs', String(epochs.length)],
    ['of training', duration(epochs.reduce((sum, { seconds }) => sum + seconds, 0))],
  ];
}

/** Where the time of a training step goes: one step of a model of its own, on the first images. */
async function timeKernels({ gpu, data: { training, augmentation }, recipe }: FinishedRun): Promise<KernelShare[]> {
  if (!gpu.device.features.has('timestamp-query')) return [];
  const { layers, storage } = recipe;
  const batch = Math.min(recipe.batchSize, training.count);
  const { shape: inputShape, classes } = training;
  const { graph } = makeModel(layers, { seed: 1, inputShape, classes });
  const session = Session.open(gpu, graph, { storage });
  const goal = makeGoal(recipe);
  session.compile({ optimizer: new Adam(), ...goal });
  try {
    const compared = { loss: goal.loss, classes, outputs: sizeOf(graph.outputShape) };
    const data = session.data.acquire(comparedSamplesOf(training.slice(0, batch), compared), 'report');
    const pass = session.trainer(data, batch, { augmentation });
    await pass.prepare();
    return pass.full ? byKernel(await pass.full.time()) : [];
  } finally {
    session.destroy();
  }
}

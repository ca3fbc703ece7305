/**
 * A run's report: what it has learned, how well, how fast, and on what; a page, and the confusion matrix as a picture.
 */
import type { Gpu } from '@anke/kernels';
import { Adam, countParameters, type Model, Session } from '@anke/nn';
import { formatJson, makeModel, type Phase, type ResolvedRecipe, samplesOf, type TrainingData } from '@anke/training';
import { confusionChart, curvesChart } from './charts.js';
import { evaluationOf } from './evaluation.js';
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
  readonly confusion: { readonly svg: string; readonly png: Uint8Array };
}

/**
 * Evaluates the run's model on the validation images, and tells all about the run.
 *
 * @param onProgress of the prediction
 */
export async function makeReport(
  run: FinishedRun,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<Report> {
  const { name, device, environment, model, data, recipe, phases } = run;
  const { training, validation } = data;
  const probabilities = await model.predict(samplesOf(validation), { onProgress });
  const evaluation = evaluationOf(validation, probabilities, model.outputShape[0] as number);
  const confusion = confusionChart(
    evaluation.matrix,
    evaluation.classes.map((one) => one.name),
  );
  const kernels = await timeKernels(run);
  const firstKernel = [...(await model.getWeights())].find(([, { shape }]) => shape.length === 4)?.[1];
  const sections: (Section | undefined)[] = [
    { title: 'Loss and accuracy', body: phasesTable(phases), chart: curvesChart(phases) },
    { title: 'Data', body: dataSheet(training, validation) },
    { title: 'Confusion matrix of the validation images', body: '', chart: confusion },
    { title: 'Classes', body: classTable(evaluation) },
    { title: 'The worst mistakes', body: mistakes(validation, evaluation, probabilities) },
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
    figures: figuresOf(run, evaluation.accuracy),
    sections: sections.filter((section) => section !== undefined),
  });
  const svg = await chartSvg(confusion);
  return { page, confusion: { svg, png: await renderPng(svg) } };
}

/** What matters most. */
function figuresOf({ data, model, phases }: FinishedRun, accuracy: number): [name: string, value: string][] {
  const epochs = phases.flatMap((phase) => phase.epochs);
  const least = Math.min(...epochs.map((epoch) => epoch['val_loss'] as number));
  return [
    ['accuracy on the validation images', percent(accuracy)],
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
  const { graph } = makeModel(layers, { seed: 1, inputShape: training.shape, classes: training.classes });
  const session = Session.open(gpu, graph, { storage });
  session.compile({ optimizer: new Adam() });
  try {
    const data = session.data.acquire(samplesOf(training.slice(0, batch)), 'report');
    const pass = session.trainer(data, batch, augmentation);
    await pass.prepare();
    return pass.full ? byKernel(await pass.full.time()) : [];
  } finally {
    session.destroy();
  }
}

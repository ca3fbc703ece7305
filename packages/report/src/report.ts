/**
 * A run's report: what it has learned, how well, how fast, and on what; a page, and the confusion matrix as a picture.
 */
import { countParameters } from '@anke/nn';
import { formatJson, type ResolvedRecipe, samplesOf } from '@anke/training';
import { calibrationOf } from './calibration.js';
import type { Chart } from './chart.js';
import { cellSide, confusionChart } from './confusion.js';
import { curveCharts } from './curves.js';
import { bestOf, metricsOf, quantity } from './epochs.js';
import { classesOf, type EvaluationReport, evaluationOf } from './evaluation.js';
import type { FinishedRun } from './finished-run.js';
import { count, duration, figure, percent } from './format.js';
import { facts, html } from './html.js';
import { mistakes } from './mistakes.js';
import { pageHtml, type Section } from './page.js';
import { reliabilityChart } from './reliability.js';
import { chartSvg, renderPng } from './render.js';
import { classTable, confusions, dataSheet, filters, kernelTable, phasesTable } from './sections.js';
import { stepTimes } from './step-times.js';

export interface Report {
  readonly page: string;
  /** Of a model that tells classes apart. */
  readonly confusion?: { readonly svg: string; readonly png: Uint8Array };
  /** On the validation images, of such a model. */
  readonly evaluation?: EvaluationReport;
}

/** Room for the names of classes and the shares, beside a confusion matrix. */
const BESIDE = 182;
/** Narrower cells cannot be read: the matrix scrolls then. */
const LEAST_CELL = 16;

/** What is told of a classifier alone. */
interface OfClasses {
  readonly sections: readonly Section[];
  readonly confusion: Chart;
  /** The confusion matrix's width in pixels where it has room. */
  readonly side: number;
  readonly evaluation: EvaluationReport;
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
  const step = await stepTimes(run);
  const firstKernel = [...(await model.getWeights())].find(([, { shape }]) => shape.length === 4)?.[1];
  const sections: (Section | undefined)[] = [
    {
      title: titleOf(metricsOf(phases)),
      drawings: curveCharts(phases).map((chart) => ({ chart, most: 760 })),
      body: `${phasesTable(phases)}${penaltyRemark(recipe)}`,
      isWide: true,
    },
    ...(classifier?.sections ?? []),
    { title: 'Data', body: dataSheet(training, validation), isWide: true },
    firstKernel && { title: 'Kernels of the first convolution', body: filters(firstKernel.shape, firstKernel.values) },
    { title: 'Model', body: `<pre>${html(model.summary())}</pre>` },
    { title: 'Environment', body: facts(environment.map(([key, value]) => [key, html(value)])) },
    step && {
      title: `A training step of ${recipe.batchSize} images, by kernel`,
      body: kernelTable(step),
      isFolded: true,
    },
    { title: 'Recipe', body: `<pre>${html(formatJson(recipe))}</pre>`, isFolded: true },
  ];
  const page = await pageHtml({
    title: `Anke: ${name}`,
    subtitle: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, on ${device}`,
    figures: figuresOf(run, classifier?.evaluation.accuracy),
    sections: sections.filter((section) => section !== undefined),
  });
  if (!classifier) return { page };
  const { confusion, side, evaluation } = classifier;
  const svg = await chartSvg(confusion, side);
  return { page, confusion: { svg, png: await renderPng(svg) }, evaluation };
}

const titleOf = (metrics: readonly string[]): string =>
  metrics.length === 1 ? 'Loss' : `Loss and ${metrics.join() === 'loss,accuracy' ? 'accuracy' : 'metrics'}`;

/** Predicts the validation images, and tells how they are confused; undefined if the model tells no classes apart. */
async function ofClasses(
  { model, data: { validation } }: FinishedRun,
  onProgress: (done: number, total: number) => void,
): Promise<OfClasses | undefined> {
  const classes = classesOf(model);
  if (classes === undefined || classes !== validation.classes) return undefined;
  const probabilities = await model.predict(samplesOf(validation), { onProgress });
  const evaluation = evaluationOf(validation, probabilities, classes);
  const calibration = calibrationOf(probabilities, validation.labels as Uint32Array, classes);
  const names = evaluation.classes.map((one) => one.name);
  const confusion = confusionChart(evaluation.matrix, names);
  const { title: _, ...untitled } = confusion;
  const side = cellSide(classes) * classes;
  const sections = [
    {
      title: 'Confusion matrix of the validation images',
      drawings: [{ chart: untitled, least: classes * LEAST_CELL + BESIDE, most: side + BESIDE }],
      body: '<p class="dim">Numbers are images; at the right, the share of each class that is right.</p>',
      isWide: classes > 26,
    },
    {
      title: 'Calibration',
      drawings: [{ chart: reliabilityChart(calibration), least: 260, most: 520 }],
      body:
        `<p>Expected calibration error: <b>${percent(calibration.error)}</b></p>` +
        '<p class="dim">Bars are predictions by how sure the model was of them; below the line, it was too sure.</p>',
    },
    { title: 'Classes', body: `${classTable(evaluation)}${confusions(evaluation)}` },
    { title: 'The worst mistakes', body: mistakes(validation, evaluation, probabilities), isWide: true },
  ];
  return { sections, confusion, side, evaluation };
}

/** What matters most. */
function figuresOf({ data, model, phases, scores }: FinishedRun, accuracy?: number): [name: string, value: string][] {
  const epochs = phases.flatMap((phase) => phase.epochs);
  const best = bestOf(phases)?.record['val_loss'];
  const last = epochs.findLast((epoch) => epoch['val_loss'] !== undefined);
  const [, metric = 'loss'] = metricsOf(phases);
  return [
    accuracy === undefined
      ? [`${metric} of the last validation`, quantity(metric, last?.[`val_${metric}`])]
      : ['accuracy on the validation images', percent(accuracy)],
    ...Object.entries(scores).map(([name, score]): [string, string] => [`accuracy on ${name}`, percent(score)]),
    ['best validation loss', best === undefined ? '–' : figure(best)],
    ['images to train on', count(data.training.count)],
    ['parameters', count(countParameters(model.layers).total)],
    ['epochs', String(epochs.length)],
    ['training time', duration(epochs.reduce((sum, { seconds }) => sum + seconds, 0))],
  ];
}

/** The loss is more than what the predictions are wrong by where weights are penalized too. */
function penaltyRemark({ layers }: ResolvedRecipe): string {
  const isPenalized = layers.some((layer) => Object.keys(layer).some((option) => option.endsWith('Regularizer')));
  if (!isPenalized) return '';
  return '<p class="dim">The loss includes penalties on the weights, also where every prediction is right.</p>';
}

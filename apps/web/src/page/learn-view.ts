/** How the training goes: its state, figures and curves. */
import type { EpochPoint, RunState, Say } from '../protocol.js';
import { ACCURACY, type CurveOptions, drawCurves, LOSS } from './curves.js';
import { byId, html } from './element.js';
import { count, figure, percent, told } from './figures.js';

const WORDS: Readonly<Record<RunState, string>> = {
  opening: 'Starting',
  data: 'Getting images',
  waiting: 'Waiting for another tab',
  compiling: 'Compiling kernels',
  training: 'Training',
  paused: 'Paused',
  done: 'Done',
  failed: 'Stopped',
};

/** The state is read aloud by screen readers: it changes with what happens, not with every number. */
export function showState(state: RunState, detail: string): void {
  const element = html('state');
  element.dataset['state'] = state;
  const text = state === 'failed' ? `${WORDS[state]}: ${detail}` : WORDS[state];
  if (element.textContent !== text) element.textContent = text;
  if (state === 'data') html('data-line').textContent = detail;
  if (state === 'waiting')
    html('data-line').textContent =
      'Another tab of this browser trains this run. It goes on here once that tab is closed or trains something else.';
}

export function showProgress(share: number): void {
  byId('progress', HTMLProgressElement).value = share;
}

export function showSpeed({ epoch, epochs, imagesPerSecond }: Extract<Say, { type: 'progress' }>): void {
  html('figure-epoch').textContent = `${epoch} of ${epochs}`;
  if (imagesPerSecond !== undefined) html('figure-speed').textContent = count(imagesPerSecond);
}

export function showMemory(bytes: number): void {
  html('figure-memory').textContent = `${count(Math.ceil(bytes / 2 ** 20))} MiB`;
}

let shownPoints: readonly EpochPoint[] = [];

/** The epoch under way, as a last point of the curves. */
export function showLive({ live }: Extract<Say, { type: 'progress' }>): void {
  if (live) drawBoth([...shownPoints, { ...live, valLoss: undefined, valAccuracy: undefined }]);
}

export function showHistory(points: readonly EpochPoint[]): void {
  shownPoints = points;
  // Not every epoch need be validated.
  const validated = points.findLast(({ valLoss }) => valLoss !== undefined);
  const accuracy = told(validated?.valAccuracy, percent);
  const loss = told(validated?.valLoss, figure);
  html('figure-accuracy').textContent = accuracy;
  html('figure-loss').textContent = loss;
  html('figure-epoch').textContent = points.length > 0 ? String(points.length) : '–';
  drawBoth(points);
  const shown = `after ${points.length} epochs`;
  const accuracyText = `Accuracy ${shown}: ${accuracy} of images it has not seen`;
  byId('curve-accuracy', SVGSVGElement).setAttribute('aria-label', accuracyText);
  byId('curve-loss', SVGSVGElement).setAttribute('aria-label', `Loss ${shown}: ${loss} of images it has not seen`);
}

function drawBoth(points: readonly EpochPoint[]): void {
  draw('curve-accuracy', [points.map((p) => p.accuracy), points.map((p) => p.valAccuracy)], ACCURACY);
  draw('curve-loss', [points.map((p) => p.loss), points.map((p) => p.valLoss)], LOSS);
}

function draw(
  id: string,
  [training = [], validation = []]: readonly (readonly (number | undefined)[])[],
  options: CurveOptions,
): void {
  drawCurves(
    byId(id, SVGSVGElement),
    [
      { name: 'training', values: training },
      { name: 'validation', values: validation },
    ],
    options,
  );
}

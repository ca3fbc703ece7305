/**
 * What a run has come to: evaluation, charts, pictures, the report's page, and where the time goes. Everything is given
 * as text or bytes; whoever asks writes it.
 *
 * @module report
 */

export { type Calibration, type CalibrationBin, calibrationOf, logLossOf } from './calibration.js';
export type { Chart } from './chart.js';
export { cellSide, confusionChart } from './confusion.js';
export { contactSheet, namedSheet, type SheetNames } from './contact-sheet.js';
export { type ComparedRun, comparisonChart, curveCharts, curvesPicture } from './curves.js';
export { quantity } from './epochs.js';
export {
  type ClassScore,
  type Confusion,
  classesOf,
  confusionMatrix,
  confusionsOf,
  type EvaluationReport,
  evaluationOf,
  type Mistake,
} from './evaluation.js';
export type { FinishedRun } from './finished-run.js';
export { count, duration, figure, percent } from './format.js';
export { byKernel, type KernelShare } from './kernel-shares.js';
export { shortName } from './names.js';
export { accuracyOf, mostLikely } from './predictions.js';
export { chartSvg, renderPng } from './render.js';
export { makeReport, type Report } from './report.js';
export type { SweptTrial } from './sweep-charts.js';
export { type SweepReport, sweepPage } from './sweep-page.js';
export {
  type KernelRun,
  type Limits,
  measure,
  measureKernel,
  milliseconds,
  probe,
  type Times,
  type Timing,
  timeDispatches,
  timesOf,
} from './timing.js';

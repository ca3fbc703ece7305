/**
 * What a run has come to: evaluation, charts, pictures, the report's page, and where the time goes. Everything is given
 * as text or bytes; whoever asks writes it.
 *
 * @module report
 */
export { type Chart, type ComparedRun, comparisonChart, confusionChart, curvesChart } from './charts.js';
export { contactSheet } from './contact-sheet.js';
export { curvesPicture } from './curves.js';
export { quantity } from './epochs.js';
export {
  type ClassScore,
  classesOf,
  confusionMatrix,
  type EvaluationReport,
  evaluationOf,
  type Mistake,
} from './evaluation.js';
export { count, duration, percent } from './format.js';
export { byKernel, type KernelShare } from './kernel-shares.js';
export { accuracyOf, mostLikely } from './predictions.js';
export { chartSvg, renderPng } from './render.js';
export { type FinishedRun, makeReport, type Report } from './report.js';
export { type KernelRun, measure, measureKernel, milliseconds, type Times, timesOf } from './timing.js';

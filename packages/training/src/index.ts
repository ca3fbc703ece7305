/**
 * Trainings as data and as streams of events, over any store: recipes, phases and resume, callbacks that write, golden
 * runs. Runs in Node and in a browser.
 *
 * @module training
 */
export { CSVLogger, type CSVLoggerOptions } from './callbacks/csv-logger.js';
export { ModelCheckpoint, type ModelCheckpointOptions } from './callbacks/model-checkpoint.js';
export { TensorBoard, type TensorBoardOptions } from './callbacks/tensorboard.js';
export { type CopyOptions, changedCopy, slightCopies } from './changed-copies.js';
export { GoldenError, RecipeError, RunError } from './errors.js';
export { compare, type GroupError } from './golden/compare.js';
export type { Edge } from './golden/edges.js';
export type { Flip } from './golden/explain.js';
export { type GoldenRun, readGolden } from './golden/golden-run.js';
export { makeGolden } from './golden/make.js';
export { replay } from './golden/replay.js';
export { deviceMachine, type Machine, referenceMachine } from './golden/track.js';
export { type Verdict, verifyGolden } from './golden/verify.js';
export { checkRecipe, recipeJsonSchema } from './recipe/check.js';
export { checkPhases } from './recipe/check-phases.js';
export { defineRecipe } from './recipe/define.js';
export { formatJson } from './recipe/format.js';
export {
  classWeightOf,
  type Goal,
  makeCallbacks,
  makeGoal,
  makeModel,
  makeOptimizer,
  scheduledRate,
} from './recipe/make.js';
export type { Recipe, RecipeCallback, RecipeLayer, RecipePhase, ResolvedRecipe, Schedule } from './recipe/schema.js';
export { type ModelSize, noSize, SHIPPED_NAMES, shippedRecipe } from './recipe/shipped.js';
export { didYouMean } from './recipe/suggestion.js';
export { CHECKPOINT_FILES, isOver, type RunProgress, readProgress } from './run/checkpoint.js';
export {
  CHOICES_FILE,
  formatChoices,
  type KernelChoices,
  parseChoices,
  readChoices,
  saveChoices,
} from './run/choices.js';
export { hasDiverged } from './run/divergence.js';
export type { EpochRecord, Phase, TrainEvent, Warning } from './run/events.js';
export { type DataFacts, FACTS_FILE, readDataFacts } from './run/facts.js';
export {
  bestEpochOf,
  formatHistory,
  HISTORY_FILE,
  type HistoryRow,
  parseHistory,
  quantitiesOf,
} from './run/history.js';
export { LAYERS_FILE, saveLayers, saveModel, WEIGHTS_FILE } from './run/model-files.js';
export { train } from './run/train.js';
export type { Training, TrainingData } from './run/training.js';
export { type Comparison, comparedSamplesOf, samplesOf } from './samples.js';
export { DamageError, SealedStore, SUMS_FILE } from './sealed-store.js';
export { type MemoryStore, memoryStore, readText, type Store, writeText } from './store.js';
export { checkSweep, sweepJsonSchema } from './sweep/check.js';
export { type Values, valuesOf } from './sweep/draws.js';
export { bestFirst, bestValue, type Rung, rungsOf, type Standing, standingOf, type Value } from './sweep/halving.js';
export type { Range, ResolvedSweep, Sweep } from './sweep/schema.js';
export { splitText, trainingDataOf } from './training-data.js';

/** What a report is made of. */
import type { Gpu } from '@anke/kernels';
import type { Model } from '@anke/nn';
import type { Phase, ResolvedRecipe, TrainingData } from '@anke/training';

/** A run that has come to its end. */
export interface FinishedRun {
  /** What the report is called. */
  readonly name: string;
  readonly gpu: Gpu;
  /** The device's name. */
  readonly device: string;
  /** How the run was started, and what it ran on, by name. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** Accuracies on other images than those of validation, by the name of the images. */
  readonly scores: Readonly<Record<string, number>>;
  readonly model: Model;
  readonly data: TrainingData;
  readonly recipe: ResolvedRecipe;
  readonly phases: readonly Phase[];
}

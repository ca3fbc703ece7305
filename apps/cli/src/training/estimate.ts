/** How long a training will take, as its first steps show it: told where it is long, before people wait for it. */
import { duration } from '@anke/report';
import type { ResolvedRecipe, TrainEvent } from '@anke/training';

/** What is measured, in milliseconds, for the rate to be more than chance. */
const MEASURED = 2000;
/** Seconds below which a training is over before anybody wonders. */
const SHORT = 60;

type Progress = Extract<TrainEvent, { readonly type: 'progress' }>;

export class Estimate {
  /** Images that had been trained on when the measuring began, and that moment. */
  #begin: { readonly done: number; readonly time: number } | undefined;
  #told = false;

  /** @param images that an epoch trains on */
  constructor(
    readonly recipe: ResolvedRecipe,
    readonly images: number,
  ) {}

  /** Takes note of how far the first epoch is; returns what there is to say, once. */
  after({ part, epoch, done }: Progress, now = performance.now()): string | undefined {
    if (this.#told || part !== 'training') return undefined;
    if (this.#begin === undefined || done < this.#begin.done) this.#begin = { done, time: now };
    const { done: before, time } = this.#begin;
    if (now - time < MEASURED || done === before) return undefined;
    this.#told = true;
    const epochs = this.recipe.phases.reduce((sum, phase) => sum + phase.epochs, 1 - epoch);
    const seconds = ((epochs * this.images - done) / (done - before)) * ((now - time) / 1000);
    if (seconds < SHORT) return undefined;
    const what = `${epochs} epochs of ${this.images} images`;
    return `This adapter computes on the CPU: about ${duration(seconds)} for ${what}.`;
  }
}

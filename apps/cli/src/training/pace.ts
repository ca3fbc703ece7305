/** How fast a training goes, and how long it will take: told beforehand where that is long. */
import { count, duration } from '@anke/report';
import type { EpochRecord, RecipePhase, ResolvedRecipe, TrainEvent } from '@anke/training';

/** What is measured, in milliseconds, for a rate to be more than chance. */
const MEASURED = 1000;
/** Seconds below which a training is over before anybody wonders. */
const SHORT = 60;
/** Epochs at the end that tell how long the next ones take. */
const LATEST = 3;

type Progress = Extract<TrainEvent, { readonly type: 'progress' }>;

/** How much was done in which time. */
interface Span {
  readonly images: number;
  readonly milliseconds: number;
}

const sum = (a: Span, b: Span): Span => ({
  images: a.images + b.images,
  milliseconds: a.milliseconds + b.milliseconds,
});
const NOTHING: Span = { images: 0, milliseconds: 0 };

export class Pace {
  #plan: RecipePhase | undefined;
  /** The first report of the epoch: what came before it holds the compilation of shaders. */
  #first: { readonly done: number; readonly time: number } | undefined;
  /** Of the epoch that is under way, and of all before it. */
  #own = NOTHING;
  #before = NOTHING;
  /** How long epochs took, without the first, in which shaders are compiled. */
  #seconds: readonly number[] = [];
  #epochs = 0;
  #isTold = false;

  /** @param images that an epoch trains on */
  constructor(
    readonly recipe: ResolvedRecipe,
    readonly images: number,
  ) {}

  begin(plan: RecipePhase): void {
    this.#plan = plan;
    this.#first = undefined;
  }

  /** Takes note of how far an epoch is. */
  measure({ part, done, total }: Progress, now = performance.now()): void {
    if (part !== 'training') return;
    if (!this.#first || done < this.#first.done) {
      this.#first = { done, time: now };
      this.#before = sum(this.#before, this.#own);
      this.#own = NOTHING;
      return;
    }
    // In the first epoch, the shaders of a smaller last batch are compiled before that is done.
    if (done === total && this.#epochs === 0) return;
    this.#own = { images: done - this.#first.done, milliseconds: now - this.#first.time };
  }

  epochDone({ seconds }: EpochRecord): void {
    if (this.#epochs++ > 0) this.#seconds = [...this.#seconds, seconds].slice(-LATEST);
    this.#first = undefined;
  }

  /** Images in a second of the last epoch's training; undefined where that was too short to be measured. */
  get rate(): number | undefined {
    const { images, milliseconds } = this.#own;
    return milliseconds > 0 ? (1000 * images) / milliseconds : undefined;
  }

  /** Seconds that the rest of the run takes if no phase stops early; undefined before that can be told. */
  left({ part, epoch, done }: Progress): number | undefined {
    const { images, milliseconds } = sum(this.#before, this.#own);
    if (!this.#plan || milliseconds < MEASURED) return undefined;
    const secondsOf = (some: number): number => (some * milliseconds) / images / 1000;
    const known = this.#seconds.reduce((a, b) => a + b, 0) / this.#seconds.length;
    const each = this.#seconds.length > 0 ? known : secondsOf(this.images);
    const rest = part === 'training' ? secondsOf(this.images - done) : 0;
    return rest + (this.#epochsFrom(epoch) - 1) * each;
  }

  /** What there is to say of how long it takes, once. */
  remark(event: Progress): string | undefined {
    const seconds = this.#isTold ? undefined : this.left(event);
    if (seconds === undefined) return undefined;
    this.#isTold = true;
    if (seconds < SHORT) return undefined;
    const most = this.recipe.phases.some(({ callbacks }) => callbacks.some(({ type }) => type === 'EarlyStopping'));
    const what = `${count(this.#epochsFrom(event.epoch))} epochs of ${count(this.images)} images`;
    return `This adapter computes on the CPU: about ${duration(seconds)} for ${what}${most ? ' at most' : ''}.`;
  }

  /** Epochs from this one to the last of all phases. */
  #epochsFrom(epoch: number): number {
    const { phases } = this.recipe;
    const later = phases.slice(phases.findIndex(({ name }) => name === this.#plan?.name) + 1);
    return later.reduce((total, phase) => total + phase.epochs, (this.#plan?.epochs ?? 0) - epoch + 1);
  }
}

/** A training as people watch it in the terminal: a bar while an epoch runs, a line when it is done. */
import { LARGE_BYTES, type Logs, type MemoryUse } from '@anke/nn';
import { count, duration } from '@anke/report';
import {
  type EpochRecord,
  type Phase,
  quantitiesOf,
  type RecipePhase,
  type ResolvedRecipe,
  type TrainEvent,
} from '@anke/training';
import colors from 'picocolors';
import type { Progress, Terminal } from '../terminal.js';
import { LIVE_COLUMNS, lossCurves } from './loss-curves.js';
import { Pace } from './pace.js';

/** Draws a training's events. */
export class TrainingView {
  /** The phase that runs. */
  #plan: RecipePhase | undefined;
  /** What the bar counts. */
  #counted = '';
  #bar: Progress;
  /** Loss and validation loss of the phase's epochs so far. */
  #losses: (readonly [number, number])[] = [];
  readonly #pace: Pace;

  /**
   * @param images that an epoch trains on
   * @param isSlow whether it is told beforehand how long it will take
   */
  constructor(
    readonly terminal: Terminal,
    readonly recipe: ResolvedRecipe,
    readonly images: number,
    private readonly isSlow = false,
  ) {
    this.#pace = new Pace(recipe, images);
    this.#bar = terminal.progress('', 'images');
  }

  show(event: TrainEvent): void {
    switch (event.type) {
      case 'damage': {
        const from = `the run goes on from the checkpoint after epoch ${event.epochs} of all its phases`;
        this.terminal.say(colors.yellow(`${event.damage.message}; ${from}, and comes to the same end`));
        break;
      }
      case 'warning':
        this.terminal.say(colors.yellow(`warning: ${event.warning.message}`));
        break;
      case 'phase':
        this.#plan = event.plan;
        this.#pace.begin(event.plan);
        this.#losses = event.epochs.map(lossesOf);
        this.terminal.heading(titleOf(event.plan, this.recipe));
        if (event.resumed) this.terminal.say(colors.dim(`resumed after epoch ${event.epochs.length}`));
        break;
      case 'preparing':
        this.#barOf('Preparing the kernels', 'steps').update(event.done, event.total);
        break;
      case 'memory':
        if (event.bytes.total <= LARGE_BYTES) break;
        this.#endBar();
        this.terminal.say(memoryLine(event.bytes));
        break;
      case 'progress':
        this.#progress(event);
        break;
      case 'epoch':
        this.#endBar();
        this.#pace.epochDone(event.record);
        this.#epoch(this.#label(event.epoch), event.record);
        if (event.clamped > 0) this.terminal.say(colors.yellow(clampedLine(event.clamped)));
        break;
      case 'phaseEnd': {
        this.close();
        const remarks = remarksOf(event.plan, event.result);
        if (remarks !== '') this.terminal.say(colors.dim(remarks));
        break;
      }
      case 'reopened': {
        this.close();
        const next = event.epoch === 0 ? 'beginning again' : `going on after epoch ${event.epoch}`;
        this.terminal.say(`the GPU device was lost (${event.reason}); reopened, ${next}`);
        break;
      }
      case 'done':
        break;
    }
  }

  /** Takes away what is only there while a training runs. */
  close(): void {
    this.#endBar();
    this.terminal.footer([]);
  }

  #progress(event: Extract<TrainEvent, { readonly type: 'progress' }>): void {
    const { part, epoch, done, total, logs } = event;
    this.#pace.measure(event);
    const remark = this.isSlow ? this.#pace.remark(event) : undefined;
    if (remark !== undefined) this.terminal.say(remark);
    const left = this.#pace.left(event);
    const label = `${this.#label(epoch)}${part === 'training' ? '' : ' validation'}`;
    const figures = Object.entries(logs).map(([name, value]) => `${name.replace(/^val_/, '')} ${value.toPrecision(3)}`);
    const run = left === undefined ? '' : `run: ${duration(left)} left`;
    this.#barOf(label, 'images', true).update(done, total, figures, run);
  }

  #barOf(label: string, unit: string, isTold = false): Progress {
    if (label !== this.#counted) {
      this.#bar.stop();
      this.#bar = this.terminal.progress(label, unit, isTold);
      this.#counted = label;
    }
    return this.#bar;
  }

  #endBar(): void {
    this.#bar.stop();
    this.#counted = '';
  }

  /** «Epoch  3/20» */
  #label(epoch: number): string {
    const epochs = String(this.#plan?.epochs);
    return `Epoch ${String(epoch).padStart(epochs.length)}/${epochs}`;
  }

  #epoch(label: string, record: EpochRecord): void {
    const names = quantitiesOf([{ epochs: [record] }]).filter((name) => name !== 'learning_rate');
    const shown = names.map((name) => ({ name, text: `${name} ${(record[name] as number).toFixed(4)}` }));
    const inColour = (some: typeof shown): string =>
      some.map(({ text }) => text.replace(/\S+$/, (value) => colors.cyan(value))).join('  ');
    const time = `${duration(record.seconds)}  ${count(this.#pace.rate ?? this.images / record.seconds)} images/s`;
    const width = [label, ...shown.map(({ text }) => text), time].join('  ').length;
    if (this.terminal.fits(Math.max(100, width))) {
      this.terminal.say(`${label}  ${inColour(shown)}  ${colors.dim(time)}`);
    } else {
      this.terminal.say(`${label}  ${colors.dim(time)}`);
      const isValidated = ({ name }: { readonly name: string }): boolean => name.startsWith('val_');
      for (const some of [shown.filter((one) => !isValidated(one)), shown.filter(isValidated)])
        if (some.length > 0) this.terminal.say(`  ${inColour(some)}`);
    }
    this.#losses.push(lossesOf(record));
    if (this.#losses.length > 1 && this.terminal.shows(LIVE_COLUMNS)) this.terminal.footer(lossCurves(this.#losses));
  }
}

const mebibytes = (bytes: number): string => `${count(Math.ceil(bytes / 2 ** 20))} MiB`;

/** `memory on the device: 3,694 MiB (weights 528, …)` */
function memoryLine({ total, ...parts }: MemoryUse): string {
  const told = Object.entries(parts).map(([part, bytes]) => `${part} ${mebibytes(bytes)}`);
  return `memory on the device: ${mebibytes(total)} (${told.join(', ')})`;
}

const clampedLine = (clamped: number): string =>
  `${count(clamped)} activations lay beyond ±65,504, the range of float16, and were clamped; ` +
  'a lower learning rate or --storage float32 avoids it';

/** Not a number where the epoch is not validated. */
const lossesOf = (logs: Logs): readonly [number, number] => [logs['loss'] as number, logs['val_loss'] ?? Number.NaN];

/** «Training with SGD, from the best weights» */
function titleOf({ name, optimizer }: RecipePhase, { phases }: ResolvedRecipe): string {
  const index = phases.findIndex((phase) => phase.name === name);
  const before = phases[index - 1]?.callbacks.some(
    (callback) => callback.type === 'EarlyStopping' && callback.restoreBestWeights,
  );
  const start = index === 0 ? '' : `, from the ${before ? 'best ' : ''}weights${before ? '' : ' so far'}`;
  const own = name === optimizer.type.toLowerCase() ? '' : ` (${name})`;
  return `Training with ${optimizer.type}${own}${start}`;
}

/** Why a phase ended, and with which weights; nothing where there is nothing to say. */
function remarksOf({ callbacks }: RecipePhase, { stoppedEarly, bestEpoch }: Phase): string {
  const rule = callbacks.find((callback) => callback.type === 'EarlyStopping');
  const remarks = [
    stoppedEarly && `no better ${rule?.monitor} for ${rule?.patience} epochs`,
    rule?.restoreBestWeights && bestEpoch !== undefined && `kept the weights of epoch ${bestEpoch}`,
  ];
  return remarks.filter(Boolean).join('; ');
}

/** Training as people watch it: a bar while an epoch runs, a line when it is done; Ctrl-C keeps the work so far. */
import { join } from 'node:path';
import type { ImageDataset } from '@anke/data';
import type { Augmentation } from '@anke/kernels';
import { EarlyStopping, type Logs, type Optimizer, type Samples, type Sequential } from '@anke/nn';
import colors from 'picocolors';
import { curvesSvg, renderPng } from './charts/curves.js';
import { type Device, saveChoices } from './device.js';
import { writeWhole } from './files.js';
import { saveDataFacts, saveModel } from './model-folder.js';
import { count, duration, type Terminal } from './terminal.js';

export interface EpochRecord extends Logs {
  readonly seconds: number;
}

export interface Phase {
  readonly optimizer: string;
  readonly epochs: readonly EpochRecord[];
  /** The epoch (from 1) whose weights were kept, if any epoch was completed. */
  readonly bestEpoch: number | undefined;
  readonly stoppedEarly: boolean;
}

/** What a command trains on. */
export interface TrainingData {
  readonly training: ImageDataset;
  readonly validation: ImageDataset;
  /** How training images are changed at random, if at all. */
  readonly augmentation: Augmentation | undefined;
}

const METRICS = ['loss', 'accuracy', 'val_loss', 'val_accuracy'];

/** Trains one phase with early stopping on the validation loss, the best weights restored. */
export async function trainPhase(
  terminal: Terminal,
  { gpu }: Device,
  model: Sequential,
  data: { readonly training: Samples; readonly validation: Samples; readonly augmentation: Augmentation | undefined },
  options: {
    readonly optimizer: Optimizer;
    readonly epochs: number;
    readonly batchSize: number;
    readonly patience: number;
  },
): Promise<Phase> {
  const { optimizer, epochs, batchSize, patience } = options;
  const stopping = new EarlyStopping({ monitor: 'val_loss', patience, restoreBestWeights: true });
  const records: EpochRecord[] = [];
  const images = data.training.pixels.length / data.training.shape.reduce((a, b) => a * b);
  const digits = String(epochs).length;
  let epochLabel = '';
  let started = 0;
  let bar = terminal.progress('', 'images');
  let barPhase = '';

  model.compile({ gpu, optimizer });
  await model.fit(data.training, {
    epochs,
    batchSize,
    validationData: data.validation,
    augmentation: data.augmentation,
    callbacks: [
      stopping,
      {
        onEpochBegin: (epoch) => {
          bar.stop();
          epochLabel = `Epoch ${String(epoch + 1).padStart(digits)}/${epochs}`;
          started = performance.now();
          barPhase = '';
        },
        onProgress: (phase, done, total) => {
          if (phase !== barPhase) {
            bar.stop();
            bar =
              phase === 'preparing'
                ? terminal.progress('Preparing the kernels', 'steps')
                : terminal.progress(phase === 'training' ? epochLabel : `${epochLabel} validation`, 'images');
            barPhase = phase;
          }
          bar.update(done, total);
        },
        onEpochEnd: (_, logs) => {
          bar.stop();
          const seconds = (performance.now() - started) / 1000;
          records.push({ ...logs, seconds });
          const values = METRICS.map((name) => `${name} ${colors.cyan((logs[name] as number).toFixed(4))}`);
          const time = `${duration(seconds)}  ${count(images / seconds)} images/s`;
          if (terminal.columns >= 100) {
            terminal.say(`${epochLabel}  ${values.join('  ')}  ${colors.dim(time)}`);
          } else {
            terminal.say(`${epochLabel}  ${colors.dim(time)}`);
            terminal.say(`  ${values.slice(0, 2).join('  ')}`);
            terminal.say(`  ${values.slice(2).join('  ')}`);
          }
        },
        onTrainEnd: () => bar.stop(),
      },
    ],
  });
  const stoppedEarly = stopping.stoppedEpoch !== undefined;
  const bestEpoch = stopping.bestEpoch === undefined ? undefined : stopping.bestEpoch + 1;
  if (bestEpoch !== undefined) {
    const why = stoppedEarly ? `no better val_loss for ${patience} epochs; ` : '';
    terminal.say(colors.dim(`${why}kept the weights of epoch ${bestEpoch}`));
  }
  return { optimizer: optimizer.name, epochs: records, bestEpoch, stoppedEarly };
}

/** Asks the model to stop at the first Ctrl-C; the second one ends the program at once. */
export function stopOnInterrupt(terminal: Terminal, model: Sequential): () => void {
  const onSignal = (): void => {
    if (model.interrupted) process.exit(130);
    model.interrupted = true;
    terminal.say('\nInterrupted: stopping and saving what there is (again to quit at once)');
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}

/** What every training leaves in its folder: the model, what it learned from, the kernels that ran, the history and its curves. */
export async function saveRun(
  folder: string,
  device: Device,
  model: Sequential,
  phases: readonly Phase[],
  training: ImageDataset,
): Promise<void> {
  await saveModel(folder, model);
  saveDataFacts(folder, training);
  saveChoices(folder, device);
  writeWhole(join(folder, 'history.csv'), formatHistory(phases));
  const svg = await curvesSvg(phases);
  writeWhole(join(folder, 'curves.svg'), svg);
  writeWhole(join(folder, 'curves.png'), renderPng(svg));
}

/** `history.csv`: a row an epoch, all phases below one another. */
function formatHistory(phases: readonly Phase[]): string {
  const rows = phases.flatMap(({ optimizer, epochs }) =>
    epochs.map((record, i) =>
      [optimizer, i + 1, ...METRICS.map((name) => record[name]), record.seconds.toFixed(3)].join(','),
    ),
  );
  return `${['optimizer', 'epoch', ...METRICS, 'seconds'].join(',')}\n${rows.map((row) => `${row}\n`).join('')}`;
}

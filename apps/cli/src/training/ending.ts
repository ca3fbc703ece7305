/** What a training says last: what it has come to, where that is, and what may be typed next. */
import { join } from 'node:path';
import { duration, percent } from '@anke/report';
import { bestEpochOf } from '@anke/training';
import colors from 'picocolors';
import { quoted } from '../invocation.js';
import type { TrainedRun } from './run.js';

/**
 * @param command that has trained
 * @param started when it began, by performance.now()
 */
export function sayEnd({ terminal, folder, phases }: TrainedRun, command: 'train' | 'notebook', started: number): void {
  terminal.say(`\n${colors.bold('Done')} in ${duration((performance.now() - started) / 1000)}`);
  const best = bestEpochOf(phases);
  if (best) {
    const { val_loss: loss, val_accuracy: accuracy } = best.record;
    const figures = [accuracy === undefined ? [] : `accuracy ${percent(accuracy)}`, `loss ${loss?.toFixed(4)}`].flat();
    const where = phases.length > 1 ? `epoch ${best.epoch} of ${best.phase}` : `epoch ${best.epoch}`;
    terminal.fact('best validation', `${figures.join(', ')} (${where})`);
  }
  terminal.fact('report', join(folder, 'report.html'));
  const run = quoted(folder);
  terminal.fact('predict a picture', `anke predict ${run} picture.png`);
  const trained = phases.at(-1)?.epochs.length ?? 0;
  if (command === 'train' && trained > 0)
    terminal.fact('train for longer', `anke train --resume ${run} --epochs ${2 * trained}`);
}

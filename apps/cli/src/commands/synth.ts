/** `anke synth`: draws a synthetic data set of Kannada digits. */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { synthesize, writeCompetition } from '@anke/data';
import { digitOutlines, makeFolder, writeWhole } from '@anke/files';
import { contactSheet, count } from '@anke/report';
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { Terminal } from '../terminal.js';
import { GROUP, positive, seed } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

type Options = OutputOptions & Digits;

interface Digits {
  readonly train: number;
  readonly test: number;
  readonly seed: number;
}

export const CONTACT_SHEET = 'contact-sheet.png';

export function addSynth(program: Command): void {
  const command = program
    .command('synth')
    .description('write a synthetic data set of Kannada digits in the competition’s four files')
    .optionsGroup(GROUP.data)
    .option('--train <n>', 'images to train on', positive, 6000)
    .option('--test <n>', 'images to be predicted, and as many harder ones', positive, 1000)
    .option('--seed <n>', 'the same seed draws the same digits', seed, 77);
  outputOptions(command, 'folder', 'folder to write to', 'to')
    .addHelpText('after', '\nExample:\n  anke synth --out data/digits --train 6000 --test 1000 --seed 1')
    .action(async (options: Options) => {
      const { out } = options;
      if (out === undefined) throw new UsageError('--out <folder> is missing: where are the files to be written?');
      const terminal = new Terminal(options);
      await drawDigits(terminal, writable(out, options), options);
      terminal.say(`\n${count(options.train)} + ${count(2 * options.test)} digits in ${out}`);
      terminal.result({ out, train: options.train, test: options.test });
    });
}

/** Draws a data set and a contact sheet of it; the sheet comes last, so that a folder that holds it is complete. */
export async function drawDigits(terminal: Terminal, folder: string, options: Digits): Promise<void> {
  makeFolder(folder);
  const bar = terminal.progress('Drawing', 'digits');
  const onProgress = async (done: number, total: number): Promise<void> => {
    bar.update(done, total);
    await nextTurn(); // in which Ctrl-C is heard
  };
  const digits = await synthesize(digitOutlines(), { ...options, onProgress });
  bar.stop();
  writeCompetition(digits, (name, content) => {
    writeWhole(join(folder, name), content);
    terminal.fact(name, `${count(content.length / 1000)} kB`);
  });
  writeWhole(join(folder, CONTACT_SHEET), contactSheet(digits.train));
  terminal.fact(CONTACT_SHEET, 'what the digits look like');
}

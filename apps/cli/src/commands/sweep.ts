/** `anke sweep`: tries values in a recipe, each in a run of its own, and says which are best. */
import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDraft, writeWhole } from '@anke/files';
import { duration, quantity } from '@anke/report';
import { sweepJsonSchema } from '@anke/training';
import type { Command } from 'commander';
import colors from 'picocolors';
import { Interrupted, UsageError } from '../errors.js';
import { quoted } from '../invocation.js';
import { lockFolder, makeRunFolder, type OwnFolder } from '../run-folder.js';
import { type Account, type SweepState, writeBase, writeSweep, writeSweepReport } from '../sweep/files.js';
import type { SweepOutcome } from '../sweep/outcome.js';
import { planIn, readPlan, SWEEP_FILE, Trials } from '../sweep/plan.js';
import { runTrials } from '../sweep/runner.js';
import { SweepView, sweepLines } from '../sweep/view.js';
import { Terminal } from '../terminal.js';
import { interruptible } from '../training/interrupt.js';
import { GROUP, positive } from './options.js';
import { type AnswerOptions, outOption } from './output.js';

interface Options extends AnswerOptions {
  readonly out?: string;
  readonly resume?: string;
  readonly workers: number;
  readonly kernels?: string;
  readonly schema?: boolean;
}

/** What a timer of Node can wait for, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

export function addSweep(program: Command): void {
  const command = program
    .command('sweep')
    .description('try values in a recipe, each in a run of its own: a grid, drawn at random, the worst stopped early')
    .argument('[file]', 'what is to be tried, as JSON or TypeScript; needed unless --resume or --schema is given')
    .optionsGroup(GROUP.sweep)
    .option('--workers <n>', 'trials that train at once, each in a process of its own', positive, 1)
    .option('--resume <folder>', 'go on with a sweep that stopped; a file beside it takes the place of its own')
    .optionsGroup(GROUP.device)
    .option('--kernels <run>', 'kernel variants of an earlier run or of "anke tune"; default: the usual ones');
  outOption(
    command,
    'folder',
    'the sweep’s folder, or a file with --schema; default: the next free runs/<date>-<name>-<n>',
  )
    .option('--schema', 'print the JSON Schema of sweeps instead, which editors check and complete by')
    .addHelpText(
      'after',
      `
A trial is a run: runs/lr/trials/… can be listed, compared, evaluated and resumed as any other. Its variants of kernels
are not timed, as other trials run beside it; so the same sweep comes to the same bits. runs/lr/logs/… holds what each
trial has said, sweep.json what is decided, and report.html shows it.

Example of a file:
  { "recipe": "small", "data": "data/digits", "metric": "val_accuracy",
    "parameters": { "phases.0.optimizer.learningRate": { "type": "logUniform", "low": 1e-4, "high": 1e-1 },
                    "batchSize": { "type": "choice", "values": [16, 32, 64] } },
    "method": { "type": "halving" }, "epochs": 9, "budget": { "trials": 24 } }

Examples:
  anke sweep lr.json --out runs/lr
  anke sweep lr.json --out runs/lr --workers 2
  anke sweep --resume runs/lr
  anke sweep --schema --out sweep.schema.json     # and in lr.json: "$schema": "./sweep.schema.json"`,
    )
    .action(runSweep);
}

async function runSweep(file: string | undefined, options: Options): Promise<void> {
  const terminal = new Terminal(options);
  if (options.schema) return await printSchema(terminal, options);
  const { resume, workers, out } = options;
  if (file === undefined && resume === undefined)
    throw new UsageError('<file> is missing: what is to be tried? "anke help sweep" shows an example');
  if (resume !== undefined && out !== undefined)
    throw new UsageError('--out cannot be given with --resume: a sweep goes on in its own folder');
  const started = performance.now();
  const before = resume === undefined ? undefined : await planIn(resume);
  const plan = file === undefined ? (before as NonNullable<typeof before>) : await readPlan(file);
  // What cannot be is told before a folder is made.
  const trials = await Trials.of(plan, file ?? join(resume as string, SWEEP_FILE));
  const { folder, release } = await openFolder(options, plan.sweep.name);
  try {
    if (file !== undefined) writeBase(folder, plan);
    const spent = (): number => (before?.seconds ?? 0) + (performance.now() - started) / 1000;
    const account = (state: SweepState): Account => ({ state, seconds: spent() });
    tellPlan(terminal, trials, folder);
    const { signal, release: heed } = interruptible(terminal);
    const { minutes } = plan.sweep.budget;
    const left = minutes === undefined ? LONGEST : Math.min(LONGEST, Math.max(0, 1000 * (60 * minutes - spent())));
    const clock = AbortSignal.timeout(Math.round(left));
    const ended = AbortSignal.any([signal, clock]);
    const view = new SweepView(terminal, trials);
    const kernels = options.kernels === undefined ? undefined : resolve(options.kernels);
    try {
      const onChange = (some: SweepOutcome): void => writeSweep(folder, trials, some, account('running'));
      const outcome = await runTrials({ folder, trials, workers, kernels, view, signal: ended, onChange });
      view.close();
      const isDone = outcome.standing.waiting.length === 0 && (!ended.aborted || minutes === undefined);
      const state = isDone ? 'finished' : signal.aborted ? 'interrupted' : 'out of time';
      writeSweep(folder, trials, outcome, account(state));
      const report = await writeSweepReport(folder, trials, outcome, account(state));
      if (state === 'interrupted') {
        const resumed = `resume with: anke sweep --resume ${quoted(folder)}`;
        throw new Interrupted(`interrupted; the trials so far are in ${folder}; ${resumed}`);
      }
      const { table, best } = outcome;
      terminal.heading(state === 'finished' ? 'Done' : 'The time is up');
      for (const line of sweepLines(trials, table)) terminal.say(line);
      terminal.say();
      terminal.fact('time', duration(spent()));
      if (best) {
        const { metric } = plan.sweep;
        terminal.fact('best', `trial ${best.trial}, ${metric} ${quantity(metric, best.value ?? undefined)}`);
        terminal.fact('its run', join(folder, best.run));
      } else terminal.say(colors.yellow('No trial has come to a result'));
      terminal.fact('report', report);
      terminal.result({ folder, state, best: best ?? null, trials: table, seconds: spent() });
    } finally {
      view.close();
      heed();
    }
  } finally {
    release();
  }
}

async function printSchema(terminal: Terminal, { out, json }: Options): Promise<void> {
  const schema = await sweepJsonSchema();
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (out !== undefined && out !== '-') {
    writeWhole(out, text);
    terminal.say(`written to ${out}`);
    terminal.result({ out });
  } else if (json) terminal.result(schema);
  else process.stdout.write(text);
}

/** A new folder, or the one that is gone on in, without drafts of files that a killed process has left. */
async function openFolder({ out, resume }: Options, name: string): Promise<OwnFolder> {
  if (resume === undefined) return await makeRunFolder(out, name);
  const own = await lockFolder(resume);
  for (const file of readdirSync(resume)) if (isDraft(file)) rmSync(join(resume, file));
  return own;
}

function tellPlan(terminal: Terminal, { plan, all, rungs }: Trials, folder: string): void {
  const { sweep, base } = plan;
  const { trials, minutes } = sweep.budget;
  const asked =
    trials !== undefined && trials > all.length ? `, as there are no more combinations (${trials} asked for)` : '';
  const many = sweep.method.type === 'grid' || trials !== undefined ? `${all.length} trials${asked}` : 'trials';
  terminal.fact('recipe', base.name);
  terminal.fact('search', `${sweep.method.type}, ${many}${minutes === undefined ? '' : `, ${minutes} min at most`}`);
  if (rungs.length > 1) terminal.fact('epochs', rungs.map((rung) => `${rung.epochs} for ${rung.trials}`).join(', '));
  terminal.fact('folder', folder);
}

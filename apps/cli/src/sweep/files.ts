/** The files of a sweep's folder: what it is to do, what is decided so far, and the report. */
import { join } from 'node:path';
import { writeWhole } from '@anke/files';
import { sweepPage } from '@anke/report';
import { formatJson } from '@anke/training';
import { commandLine, version } from '../invocation.js';
import { RECIPE_FILE } from '../run-files.js';
import type { SweepOutcome } from './outcome.js';
import { SWEEP_FILE, type SweepPlan, type Trials } from './plan.js';

/** `finished`; `out of time`, by its budget; `interrupted`, by Ctrl-C; `running`, also where it was killed. */
export type SweepState = 'running' | 'finished' | 'out of time' | 'interrupted';

export interface Account {
  readonly state: SweepState;
  /** That the sweep has run, in all of its processes. */
  readonly seconds: number;
}

/** The recipe that trials are begun from; before the plan, which says that there is a sweep. */
export const writeBase = (folder: string, { base }: SweepPlan): void =>
  writeWhole(join(folder, RECIPE_FILE), `${formatJson(base)}\n`);

export function writeSweep(folder: string, { plan }: Trials, outcome: SweepOutcome, account: Account): void {
  const { table, best } = outcome;
  const all = { version, commandLine: commandLine(), ...account, best: best?.trial ?? null, trials: table };
  writeWhole(join(folder, SWEEP_FILE), `${formatJson({ sweep: plan.sweep, ...all })}\n`);
}

export async function writeSweepReport(
  folder: string,
  { plan }: Trials,
  { table, recordsOf }: SweepOutcome,
  { state, seconds }: Account,
): Promise<string> {
  const path = join(folder, 'report.html');
  const { sweep, base } = plan;
  const trials = table.map((row) => ({ ...row, records: recordsOf(row) }));
  const page = await sweepPage({ name: folder, sweep, recipe: base.name, state, seconds, trials });
  writeWhole(path, page);
  return path;
}

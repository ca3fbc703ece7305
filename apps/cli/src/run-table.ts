/**
 * Runs in a table, with lines of their own below each. Where names leave no room, each stands above its row; where a
 * row has none, it is a list with a title before each value.
 */
import colors from 'picocolors';
import { columnsOf, tableLines } from './table.js';
import type { Terminal } from './terminal.js';

export interface RunRow {
  readonly run: string;
  /** What stands behind the run's name. */
  readonly cells: readonly string[];
  readonly colour?: ((text: string) => string) | undefined;
  readonly notes: readonly string[];
}

export function showRuns(terminal: Terminal, titles: readonly string[], rows: readonly RunRow[]): void {
  const values = ({ cells }: RunRow): string[] => cells.map((cell, i) => `${titles[i]} ${cell}`);
  const table = [['run', ...titles], ...rows.map(({ run, cells }) => [run, ...cells])];
  const whole = tableLines(table);
  const isWide = Math.max(...whole.map(columnsOf)) > terminal.columns;
  const [header = '', ...lines] = isWide ? tableLines(table.map(([, ...cells]) => ['', ...cells])) : whole;
  const isNarrow = isWide && Math.max(...[header, ...lines].map(columnsOf)) > terminal.columns;
  if (!isNarrow) terminal.say(colors.dim(header));
  for (const [i, row] of rows.entries()) {
    const { run, colour = String, notes } = row;
    if (isWide) terminal.say(colour(run));
    terminal.say(isNarrow ? `  ${colour(values(row).join(', '))}` : colour(lines[i] as string));
    for (const note of notes) terminal.say(colors.dim(`  ${note}`));
  }
}

/** How many inputs each reader has been given, over all runs: a file that is added to, and a table made of it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface Count {
  readonly results: number;
  readonly refused: number;
  /** Kinds of findings, each counted once. */
  readonly findings: number;
  readonly seconds: number;
  /** Parts of the code that have run, and inputs that are kept, at the end of the last run. */
  readonly parts: number;
  readonly kept: number;
}

export type Counts = Record<string, Count>;

export const NOTHING: Count = { results: 0, refused: 0, findings: 0, seconds: 0, parts: 0, kept: 0 };

export const readCounts = (path: string): Counts =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Counts) : {};

export function writeCounts(path: string, counts: Counts): void {
  writeFileSync(`${path}.part`, `${JSON.stringify(counts, null, 2)}\n`);
  renameSync(`${path}.part`, path);
}

export const inputsOf = ({ results, refused }: Count): number => results + refused;

const number = (value: number): string => value.toLocaleString('en-US');

/** In Markdown, with the sum of all. */
export function tableOf(counts: Counts): string {
  const rows = Object.entries(counts).map(
    ([name, count]) =>
      `| ${name} | ${number(inputsOf(count))} | ${number(count.results)} | ${number(count.refused)} | ` +
      `${number(Math.round(inputsOf(count) / Math.max(count.seconds, 1)))} | ${number(count.kept)} |`,
  );
  const all = Object.values(counts);
  const sum = (of: (count: Count) => number): string => number(all.reduce((total, count) => total + of(count), 0));
  return [
    '| reader | inputs | results | refused | inputs/s | kept |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    `| all | ${sum(inputsOf)} | ${sum(({ results }) => results)} | ${sum(({ refused }) => refused)} | | |`,
  ].join('\n');
}

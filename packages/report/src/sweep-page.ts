/** A sweep's report: which values were tried, what they came to, and which of them mattered. */
import type { ResolvedSweep } from '@anke/training';
import { formatJson } from '@anke/training';
import { metricTitle, quantity } from './epochs.js';
import { count, duration, percent } from './format.js';
import { bar, html, table } from './html.js';
import { importanceOf } from './importance.js';
import { type Drawing, pageHtml, type Section } from './page.js';
import { parallelCoordinates, type SweptTrial, shortPaths, trialCurves, valueText } from './sweep-charts.js';

export interface SweepReport {
  readonly name: string;
  readonly sweep: ResolvedSweep;
  /** The base recipe's name. */
  readonly recipe: string;
  readonly state: string;
  readonly seconds: number;
  /** The best first. */
  readonly trials: readonly SweptTrial[];
}

/** Room that an axis of parallel coordinates needs for its name. */
const AXIS = 110;

/** A page that needs no network. */
export async function sweepPage({ name, sweep, recipe, state, seconds, trials }: SweepReport): Promise<string> {
  const { metric, parameters, method } = sweep;
  const best = trials[0]?.value === null ? undefined : trials[0];
  const isHalving = method.type === 'halving';
  const curves = trialCurves(sweep, trials);
  const of = (chart: Drawing['chart'], least: number): Drawing[] => [{ chart, least }];
  const early = isHalving ? ' Trials that were stopped early count by what they had come to by then.' : '';
  const sections: (Section | undefined)[] = [
    { title: 'Trials', body: trialsTable(sweep, trials), isWide: true },
    best && {
      title: 'Parallel coordinates',
      drawings: of(parallelCoordinates(sweep, trials), AXIS * Object.keys(parameters).length),
      body: `<p class="dim">A line a trial; the bluer, the better.${early}</p>`,
      isWide: true,
    },
    best && { title: 'How much each parameter matters', body: importanceTable(sweep, trials) },
    curves && { title: `${metricTitle(metric)} of all trials`, drawings: of(curves, 320), body: '', isWide: true },
    { title: 'Sweep', body: `<pre>${html(formatJson(sweep))}</pre>`, isFolded: true },
  ];
  const counted = (of: string): number => trials.filter((trial) => trial.state === of).length;
  const states = ['finished', 'stopped', 'failed', 'waiting'].flatMap((of): [string, string][] =>
    counted(of) > 0 ? [[`trials ${of === 'stopped' ? 'stopped early' : of}`, count(counted(of))]] : [],
  );
  return await pageHtml({
    title: `Anke: ${name}`,
    subtitle: `${method.type} over ${recipe}, ${state}`,
    figures: [
      [`${metric} of the best`, quantity(metric, best?.value ?? undefined)],
      ['the best trial', best ? String(best.trial) : '–'],
      ...states,
      ['time', duration(seconds)],
    ],
    sections: sections.filter((section) => section !== undefined),
  });
}

function trialsTable({ metric, parameters }: ResolvedSweep, trials: readonly SweptTrial[]): string {
  const paths = Object.keys(parameters);
  const header = ['Trial', metricTitle(metric), 'Epochs', 'State', ...shortPaths(paths), 'Run'];
  const rows = trials.map(({ trial, value, rungs, state, values, run, reason }) => [
    String(trial),
    value === null ? '–' : quantity(metric, value),
    String(rungs.at(-1)?.epochs ?? 0),
    reason === undefined ? html(state) : `<span title="${html(reason)}">${html(state)}</span>`,
    ...paths.map((path) => html(valueText(values[path]))),
    `<a href="${html(encodeURI(run))}/report.html">${html(run)}</a>`,
  ]);
  return table(header.map(html), rows);
}

/** By the first results that all trials have, which are of as many epochs. */
function importanceTable({ parameters }: ResolvedSweep, trials: readonly SweptTrial[]): string {
  const known = trials.flatMap(({ values, rungs: [first] }) =>
    typeof first?.value === 'number' ? [{ values, result: first.value }] : [],
  );
  const paths = Object.keys(parameters);
  const shares = paths.map((path) =>
    importanceOf(known.map(({ values, result }) => ({ value: values[path], result }))),
  );
  const order = paths.map((_, i) => i).sort((a, b) => (shares[b] ?? -1) - (shares[a] ?? -1));
  const rows = order.map((i) => {
    const share = shares[i];
    const shown = share === undefined ? ['too few trials', ''] : [percent(share), bar(share)];
    return [html(paths[i] as string), ...shown];
  });
  const what = 'the share of the differences between results that goes with the parameter alone (ε² of ranks)';
  const remark = `Of ${known.length} trials after as many epochs: ${what}.`;
  return `${table(['Parameter', 'Share', ''], rows)}<p class="dim">${remark} Few trials tell little.</p>`;
}

/** What all charts over epochs share: their axis, and the names of phases. */

/** A phase's name for people. */
export const phaseTitle = (name: string): string => ({ adam: 'Adam', sgd: 'SGD' })[name] ?? name;

/** The axis of epochs in Vega-Lite: from 1 to the longest run's last, with whole numbers at it, at most a dozen. */
export function epochAxis(runs: readonly { readonly epochs: readonly unknown[] }[]): object {
  const longest = Math.max(2, ...runs.map(({ epochs }) => epochs.length));
  const step = Math.ceil(longest / 12);
  const values = Array.from({ length: Math.ceil(longest / step) }, (_, i) => 1 + i * step);
  return {
    field: 'epoch',
    type: 'quantitative',
    title: 'Epoch',
    scale: { domain: [1, longest], nice: false },
    axis: { values, format: 'd' },
  };
}

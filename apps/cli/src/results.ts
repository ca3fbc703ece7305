/** What a run has come to in the end, `results.json`: its scores, how it was called, and how long that took. */
import { bestEpochOf, type Phase, readText, type Store, type Warning, writeText } from '@anke/training';
import { commandLine, version } from './invocation.js';
import { parseJson } from './json.js';
import { RESULTS_FILE } from './run-files.js';

interface Outcome {
  readonly phases: readonly Phase[];
  readonly warnings: readonly Warning[];
  /** Of a model that tells classes apart. */
  readonly validation: { readonly images: number; readonly accuracy: number } | undefined;
  /** Accuracies on other images, by their name. */
  readonly scores: Readonly<Record<string, number>>;
  /** From the command's beginning to its report. */
  readonly seconds: number;
}

export async function writeResults(
  store: Store,
  { phases, warnings, validation, scores, seconds }: Outcome,
): Promise<void> {
  const best = bestEpochOf(phases);
  const results = {
    version,
    commandLine: commandLine(),
    ended: new Date().toISOString(),
    seconds,
    epochs: Object.fromEntries(phases.map(({ name, epochs }) => [name, epochs.length])),
    best: best ? { phase: best.phase, epoch: best.epoch, ...best.record } : null,
    ...(validation ? { validation: { images: validation.images, accuracy: validation.accuracy } } : {}),
    accuracy: scores,
    warnings,
  };
  await writeText(store, RESULTS_FILE, `${JSON.stringify(results, null, 2)}\n`);
}

/** The accuracies on other images that a run has kept, by their name; none where it has kept none. */
export async function readScores(store: Store): Promise<Readonly<Record<string, number>>> {
  const text = await readText(store, RESULTS_FILE);
  if (text === undefined) return {};
  const { accuracy = {} } = (parseJson(RESULTS_FILE, text) ?? {}) as { readonly accuracy?: object };
  return Object.fromEntries(Object.entries(accuracy).filter(([, value]) => typeof value === 'number'));
}

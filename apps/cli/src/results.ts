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
  const results = {
    version,
    commandLine: commandLine(),
    ended: new Date().toISOString(),
    seconds,
    epochs: Object.fromEntries(phases.map(({ name, epochs }) => [name, epochs.length])),
    best: bestOf(phases),
    ...(validation ? { validation: { images: validation.images, accuracy: validation.accuracy } } : {}),
    accuracy: scores,
    warnings,
  };
  await writeText(store, RESULTS_FILE, `${JSON.stringify(results, null, 2)}\n`);
}

/** The epoch with the least validation loss, of all phases, as programs read it; null if none was validated. */
export function bestOf(phases: readonly Phase[]): object | null {
  const best = bestEpochOf(phases);
  return best ? { phase: best.phase, epoch: best.epoch, ...best.record } : null;
}

/** Notes why a training cannot go on. */
export const writeFailure = (store: Store, error: string): Promise<void> =>
  writeText(
    store,
    RESULTS_FILE,
    `${JSON.stringify({ version, commandLine: commandLine(), ended: new Date().toISOString(), error }, null, 2)}\n`,
  );

export interface Results {
  /** Of all phases; undefined if the run has not come to its end. */
  readonly epochs: number | undefined;
  /** On other images than those of validation, by their name. */
  readonly accuracy: Readonly<Record<string, number>>;
  /** Why the training cannot go on. */
  readonly error: string | undefined;
}

/** What a run has kept of its end; of one that has not come to it, nothing. */
export async function readResults(store: Store): Promise<Results> {
  const text = await readText(store, RESULTS_FILE);
  const { epochs, accuracy, error } = ((text && parseJson(RESULTS_FILE, text)) || {}) as Record<string, unknown>;
  const counts = epochs === undefined ? undefined : numbersIn(epochs);
  return {
    epochs: counts ? Object.values(counts).reduce((sum, one) => sum + one, 0) : undefined,
    accuracy: numbersIn(accuracy),
    error: typeof error === 'string' ? error : undefined,
  };
}

const numbersIn = (value: unknown): Record<string, number> =>
  Object.fromEntries(Object.entries(value ?? {}).filter(([, one]) => typeof one === 'number'));

/** The files that a run writes itself: a recipe's callbacks, which choose their own names, may not write over them. */
import { RunError } from '../errors.js';
import { SUMS_FILE } from '../sealed-store.js';
import type { Store } from '../store.js';
import { CHECKPOINT_FILES } from './checkpoint.js';
import { CHOICES_FILE } from './choices.js';
import { FACTS_FILE } from './facts.js';
import { HISTORY_FILE } from './history.js';
import { LAYERS_FILE, WEIGHTS_FILE } from './model-files.js';

const OWN: readonly string[] = [
  SUMS_FILE,
  LAYERS_FILE,
  WEIGHTS_FILE,
  HISTORY_FILE,
  CHOICES_FILE,
  FACTS_FILE,
  ...CHECKPOINT_FILES,
  // The command line's.
  'recipe.json',
  'config.json',
  'results.json',
];

/** A store as callbacks have it. Writing a file of the run's own throws a RunError. */
export const withoutOwnFiles = (store: Store): Store => ({
  read: (name) => store.read(name),
  write: async (name, bytes) => {
    if (OWN.includes(name)) throw new RunError('a callback of the recipe would write over this file of the run', name);
    await store.write(name, bytes);
  },
});

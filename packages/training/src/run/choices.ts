/**
 * Which variants of the kernels a run has used, `kernels.json`: with the same ones, it computes the same bits again.
 */
import type { Choices } from '@anke/kernels';
import { RunError } from '../errors.js';
import { readText, type Store, writeText } from '../store.js';

export const CHOICES_FILE = 'kernels.json';

export interface KernelChoices {
  /** The device's name. */
  readonly device: string;
  readonly choices: Choices;
}

export const formatChoices = (choices: KernelChoices): string => `${JSON.stringify(choices, null, 2)}\n`;

/**
 * What a file's text holds.
 *
 * @param file the file's name in its store
 * @throws RunError if that is no choices
 */
export function parseChoices(text: string, file = CHOICES_FILE): KernelChoices {
  try {
    const { device, choices } = JSON.parse(text) as Partial<KernelChoices>;
    const valid = typeof device === 'string' && typeof choices === 'object' && choices !== null;
    if (valid && Object.values(choices).every((variant) => typeof variant === 'string')) return { device, choices };
  } catch {
    // No JSON is as bad as other JSON.
  }
  throw new RunError('it holds no choices of kernels', file);
}

/**
 * The choices of a run; undefined if it has made none.
 *
 * @throws RunError if the file holds none, or has changed since it was written
 */
export async function readChoices(store: Store): Promise<Choices | undefined> {
  const text = await readText(store, CHOICES_FILE);
  return text === undefined ? undefined : parseChoices(text).choices;
}

export const saveChoices = (store: Store, choices: KernelChoices): Promise<void> =>
  writeText(store, CHOICES_FILE, formatChoices(choices));

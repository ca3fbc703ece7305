/** Which epochs of a training are validated, as Keras's `validation_freq`. */
import { ModelError } from '../errors.js';

/** Every so many epochs; or the epochs of these numbers, counted from 1. */
export type ValidationFreq = number | readonly number[];

/** @throws ModelError if it is no positive integer, and no list of them */
export function checkValidationFreq(freq: ValidationFreq = 1): void {
  const numbers = typeof freq === 'number' ? [freq] : freq;
  const wrong = numbers.find((number) => !Number.isInteger(number) || number < 1);
  if (wrong !== undefined)
    throw new ModelError(`validationFreq must be a positive integer, or a list of epochs from 1, not ${wrong}`);
}

/** @param epoch counted from 0 */
export const isValidated = (epoch: number, freq: ValidationFreq = 1): boolean =>
  typeof freq === 'number' ? (epoch + 1) % freq === 0 : freq.includes(epoch + 1);

/** Options that say how a layer's weights begin and what holds them small: `kernelInitializer`, `biasRegularizer`, … */
import { initializerFault } from './initializers.js';
import { regularizerFault } from './regularizers.js';

const isInitializer = (name: string): boolean => name.endsWith('Initializer');
const isRegularizer = (name: string): boolean => name.endsWith('Regularizer');

/** Whether an option of this name is such a one. */
export const isWeightOption = (name: string): boolean => isInitializer(name) || isRegularizer(name);

/** What is wrong with an option's value; nothing, if the name is none of theirs. */
export function weightOptionFault(name: string, value: unknown): string | undefined {
  if (isInitializer(name)) return initializerFault(value);
  return isRegularizer(name) ? regularizerFault(value) : undefined;
}

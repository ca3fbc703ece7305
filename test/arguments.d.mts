/** The types of `arguments.mjs`. */
import type { ParseArgsOptionsConfig } from 'node:util';

export function refuse(why: string): never;

export function optionsOf<O extends ParseArgsOptionsConfig>(
  usage: string,
  options: O,
  numbers?: { readonly [K in keyof O]?: 'positive' | 'whole' },
): {
  readonly [K in keyof O]: O[K] extends { readonly type: 'boolean' }
    ? boolean
    : O[K] extends { readonly default: string }
      ? string
      : string | undefined;
};

/**
 * What a command reads, by its place or by an option's name: `predict RUN IMAGES` and `predict --model RUN --input
 * IMAGES` are the same. The options are those of earlier versions; help does not list them.
 */
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';

export interface Operand {
  /** The name of the option, such as `model`. */
  readonly option: string;
  /** The name of the place, such as `run`. */
  readonly name: string;
  readonly description: string;
}

/** Declares the places and the options. */
export function operands(command: Command, all: readonly Operand[]): Command {
  for (const { name, option, description } of all)
    command.argument(`[${name}]`, description).addOption(new Option(`--${option} <${name}>`, description).hideHelp());
  // They are needed: the brackets of Commander's own usage only mean that an option may stand for them.
  return command.usage(`[options] ${all.map(({ name }) => `<${name}>`).join(' ')}`);
}

/**
 * Their values, by the names of the options: words in their order fill those that no option gives.
 *
 * @throws UsageError if one is missing, or a word is left over
 */
export function operandsOf<N extends string>(
  all: readonly (Operand & { readonly option: N })[],
  words: readonly (string | undefined)[],
  options: Partial<Readonly<Record<N, string>>>,
): Record<N, string> {
  const left = words.filter((word) => word !== undefined);
  const values = all.map(({ option, name, description }) => {
    const value = options[option] ?? left.shift();
    if (value === undefined) throw new UsageError(`<${name}> is missing: ${description}`);
    return [option, value];
  });
  if (left.length > 0) throw new UsageError(`"${left[0]}" is one argument too many; --help tells which are taken`);
  return Object.fromEntries(values) as Record<N, string>;
}

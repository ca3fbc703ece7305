/**
 * What a command reads, by its place or by an option's name: `predict RUN IMAGES` and `predict --model RUN --input
 * IMAGES` are the same. The options are those of earlier versions, which settings may name too; help does not list
 * them.
 */
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';

export interface Operand {
  /** The name of the option, such as `model`. */
  readonly option: string;
  /** The name of the place, such as `run`. */
  readonly name: string;
  readonly description: string;
  readonly isOptional?: boolean;
  /** Whether the option may be given several times; its values are then a list. */
  readonly isList?: boolean;
}

/** The place of a trained model. */
export const TRAINED_MODEL: Operand = {
  option: 'model',
  name: 'run',
  description: 'the folder of a run, a .safetensors file in it, or an exported .onnx',
};

/** The place of a trained model, or `--model` once for each of several. */
export const TRAINED_MODELS: Operand = {
  ...TRAINED_MODEL,
  description: `${TRAINED_MODEL.description}; of several, each by --model, the mean of the probabilities is taken`,
  isList: true,
};

/** Declares the places and the options. When the command begins, its options hold the values, however they came. */
export function operands(command: Command, all: readonly Operand[]): Command {
  for (const { name, option, description, isList } of all) {
    const named = new Option(`--${option} <${name}>`, description).hideHelp();
    command.argument(`[${name}]`, description).addOption(isList ? named.argParser(listed) : named);
  }
  // Brackets in Commander's own usage would only mean that an option may stand for a place.
  const places = all.map(({ name, isOptional }) => (isOptional ? `[${name}]` : `<${name}>`));
  return command.usage(`[options] ${places.join(' ')}`).hook('preAction', () => settle(command, all));
}

const listed = (value: string, before?: readonly string[]): readonly string[] => [...(before ?? []), value];

/**
 * Words in their order fill the places that no option of the command line does; before settings, which come last.
 *
 * @throws UsageError if one is missing, or a word is left over
 */
function settle(command: Command, all: readonly Operand[]): void {
  const words = command.args.slice(0, all.length);
  const isNamed = ({ option }: Operand): boolean => command.getOptionValueSource(option) === 'cli';
  const [named] = all.filter(isNamed);
  for (const operand of all) {
    const { option, name, description, isOptional, isList } = operand;
    const word = isNamed(operand) ? undefined : words.shift();
    if (word !== undefined) command.setOptionValueWithSource(option, isList ? [word] : word, 'cli');
    else if (command.getOptionValue(option) === undefined && !isOptional)
      throw new UsageError(`<${name}> is missing: ${description}`);
  }
  if (words.length > 0 && named)
    throw new UsageError(
      `"${words[0]}" is one argument too many, as --${named.option} gives the ${named.name} already`,
    );
}

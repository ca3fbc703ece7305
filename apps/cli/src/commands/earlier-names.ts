/** Names that options had in earlier versions: still understood, also in settings, but not in the help. */
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';

/**
 * Declares an option that stands for another one of the command.
 *
 * @param flags such as `--output <file>`
 * @param option the present one, such as `out`
 */
export function earlierName(command: Command, flags: string, option: string): Command {
  const alias = new Option(flags).hideHelp();
  const name = alias.attributeName();
  return command.addOption(alias).hook('preAction', () => {
    const value: unknown = command.getOptionValue(name);
    if (value === undefined) return;
    const source = command.getOptionValueSource(name);
    const isGiven = command.getOptionValueSource(option) === 'cli';
    if (isGiven && source === 'cli')
      throw new UsageError(`${alias.long} is an earlier name of --${option}: give one of the two`);
    if (!isGiven) command.setOptionValueWithSource(option, value, source);
  });
}

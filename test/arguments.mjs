/** The options of the programs that run for minutes or hours: their help, and one line about a wrong one. */
import { parseArgs } from 'node:util';

/**
 * The options that a program was called with, as `parseArgs` of Node has them. `--help` prints the usage and ends the
 * program; a wrong option ends it with one line and exit code 2.
 *
 * @param usage what `--help` prints
 * @param options as `parseArgs` takes them; those named in `numbers` must be positive numbers
 */
export function optionsOf(usage, options, numbers = []) {
  const refuse = (why) => {
    process.stderr.write(`${why}; --help tells the options\n`);
    process.exit(2);
  };
  const args = process.argv.slice(2).filter((word) => word !== '--');
  let values;
  try {
    values = parseArgs({ args, options: { ...options, help: { type: 'boolean', default: false } } }).values;
  } catch (error) {
    return refuse(error.message.split(/\.?\n|\. /)[0]);
  }
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  for (const name of numbers)
    if (values[name] !== undefined && !(Number(values[name]) > 0))
      return refuse(`--${name} must be a positive number, not "${values[name]}"`);
  return values;
}

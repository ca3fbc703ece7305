/** The options of the programs that run for minutes or hours: their help, and one line about a wrong one. */
import { parseArgs } from 'node:util';

/** What numbers may be, in words and in code. */
const NUMBERS = {
  positive: ['a number above 0', (value) => value > 0],
  whole: ['a whole number above 0', (value) => value > 0 && Number.isSafeInteger(value)],
};

/** Ends the program with one line about a wrong option, and exit code 2. */
export function refuse(why) {
  process.stderr.write(`${why}; --help tells the options\n`);
  process.exit(2);
}

/**
 * The options that a program was called with, as `parseArgs` of Node has them. `--help` prints the usage and ends the
 * program; so does a wrong option, with one line.
 *
 * @param usage what `--help` prints
 * @param options as `parseArgs` takes them
 * @param numbers which of them are numbers, and of what kind
 */
export function optionsOf(usage, options, numbers = {}) {
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
  for (const [name, kind] of Object.entries(numbers)) {
    const [words, isRight] = NUMBERS[kind];
    if (values[name] !== undefined && !isRight(Number(values[name])))
      return refuse(`--${name} must be ${words}, not "${values[name]}"`);
  }
  return values;
}

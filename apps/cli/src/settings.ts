/**
 * Where an option comes from that the command line does not give: the environment (`--batch-size` from
 * ANKE_BATCH_SIZE), then `anke.config.json` in the current folder, or the file that ANKE_CONFIG names. The file has
 * options by their names in camelCase, for all commands that take them, and those of one command below its name:
 *
 *     { "seed": 3, "train": { "epochs": 5 }, "bench": { "step": { "batch": [32] } } }
 */
import { existsSync, readFileSync } from 'node:fs';
import { quoted } from '@anke/messages';
import { didYouMean } from '@anke/training';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { UsageError } from './errors.js';
import { parseJson } from './json.js';
import { isWorker } from './parent.js';

const FILE = 'anke.config.json';

type Section = Readonly<Record<string, unknown>>;
const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** ANKE_BATCH_SIZE for batchSize */
const variableOf = (option: Option): string =>
  `ANKE_${option
    .attributeName()
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()}`;

const ownOptions = (command: Command): readonly Option[] => command.options.filter(({ long }) => long !== '--version');

/** Lets every command of a program look its options up, before it reads its arguments. */
export function lookUpOptions(program: Command): void {
  const parents = (command: Command): Command[] =>
    command.commands.length === 0 ? [] : [command, ...command.commands.flatMap(parents)];
  for (const parent of parents(program)) {
    parent.hook('preSubcommand', (_, command) => {
      if (command.commands.length === 0) settle(program, command);
    });
  }
}

function settle(program: Command, command: Command): void {
  // A worker does what its parent says, whatever the settings are.
  if (isWorker()) return;
  const named = process.env['ANKE_CONFIG'];
  const file = named || FILE;
  if (named && !existsSync(file)) throw new UsageError(`ANKE_CONFIG: there is no file ${named}`);
  const sections = existsSync(file) ? sectionsOf(file, readFileSync(file, 'utf8'), program, command) : [];
  for (const option of ownOptions(command)) {
    const key = option.attributeName();
    const variable = variableOf(option);
    const fromEnvironment = process.env[variable];
    if (fromEnvironment !== undefined && fromEnvironment !== '') {
      command.setOptionValueWithSource(key, parsed(option, fromEnvironment, variable), 'env');
      continue;
    }
    const given = settingOf(sections, option, file);
    if (given !== undefined) command.setOptionValueWithSource(key, given, 'config');
  }
}

/**
 * An option's value in a settings file, undefined if it is not there.
 *
 * @throws UsageError if it cannot be the option's
 */
export function settingOf(sections: readonly Section[], option: Option, file: string): unknown {
  const key = option.attributeName();
  // The command's own section comes before what is said for all.
  const section = sections.find((one) => Object.hasOwn(one, key));
  return section && parsed(option, section[key], `${file}: ${key}`);
}

/** An option's value as its own check makes it from text. */
function parsed(option: Option, given: unknown, where: string): unknown {
  const isFlat = Array.isArray(given) && given.every((one) => typeof one !== 'object');
  if (given === null || (typeof given === 'object' && !isFlat))
    throw new UsageError(`${where}: ${quoted(given)} is no value of an option`);
  if (option.isBoolean() || option.negate) {
    const word = String(given).toLowerCase();
    if (['1', 'true', 'yes', 'on'].includes(word)) return true;
    if (['0', 'false', 'no', 'off'].includes(word)) return false;
    throw new UsageError(`${where}: ${quoted(given)} should be true or false`);
  }
  const text = String(given);
  if (!option.parseArg) return text;
  try {
    return option.parseArg(text, undefined as never);
  } catch (error) {
    if (error instanceof InvalidArgumentError)
      throw new UsageError(`${where}: ${quoted(text)} is wrong. ${error.message}`);
    throw error;
  }
}

/**
 * The parts of a settings file that a command goes by, the nearest first.
 *
 * @throws CommandError if the text is no JSON
 * @throws UsageError if it holds something that is no option and no command
 */
export function sectionsOf(file: string, text: string, program: Command, command: Command): readonly Section[] {
  const all = parseJson(file, text);
  if (!isSection(all)) throw new UsageError(`${file}: options by their names are expected: { "seed": 3 }`);
  check(file, program, all, new Set(allOptions(program)));
  const path: Command[] = [];
  for (let one: Command | null = command; one && one !== program; one = one.parent) path.unshift(one);
  const sections: Section[] = [optionsIn(all, program)];
  let section: Section = all;
  for (const one of path) {
    const below = Object.hasOwn(section, one.name()) ? section[one.name()] : undefined;
    if (!isSection(below)) break;
    section = below;
    sections.unshift(optionsIn(section, one));
  }
  return sections;
}

/** A section without those of the commands below it: `train` is a command's name, and an option's of `synth`. */
const optionsIn = (section: Section, { commands }: Command): Section =>
  Object.fromEntries(
    Object.entries(section).filter(([key, value]) => !(isSection(value) && commands.some((one) => one.name() === key))),
  );

const allOptions = (command: Command): string[] => [
  ...ownOptions(command).map((option) => option.attributeName()),
  ...command.commands.flatMap(allOptions),
];

/** @throws UsageError that names a key which no command has */
function check(file: string, command: Command, section: Section, options: ReadonlySet<string>, path = ''): void {
  for (const [key, value] of Object.entries(section)) {
    const below = command.commands.find((one) => one.name() === key);
    if (below && isSection(value)) {
      check(file, below, value, new Set(allOptions(below)), `${path}${key}.`);
    } else if (key !== '$schema' && !options.has(key)) {
      const known = [...options, ...command.commands.map((one) => one.name())];
      throw new UsageError(`${file}: ${quoted(path + key)} is no option and no command${didYouMean(key, known)}`);
    }
  }
}

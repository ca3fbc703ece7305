/** The commands as a document: docs/commands.md is written from what the program itself declares. */
import type { Argument, Command, Option } from 'commander';

/** Markdown of every command, its arguments, options and examples. */
export function commandReference(program: Command): string {
  const commands = leaves(program);
  const list = commands.map((command) => {
    const name = nameOf(command);
    return `- [\`${name}\`](#${name.replaceAll(' ', '-')}): ${plain(command.description())}`;
  });
  return [
    '# Commands',
    'Written by `pnpm reference` from what the program declares; `anke COMMAND --help` says the same. ' +
      'In a clone, type `./anke`.',
    textAfter(program).join('\n\n'),
    list.join('\n'),
    ...commands.map(section),
    '',
  ].join('\n\n');
}

/** Commands that do something, in any depth. */
export const leaves = (command: Command): Command[] =>
  command.commands.flatMap((one) => (one.commands.length > 0 ? leaves(one) : [one]));

/** anke bench step */
function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

function section(command: Command): string {
  const shownArguments = command.registeredArguments.map(
    (one: Argument) =>
      `| \`${one.name()}\` | ${plain(described(one.description, one.argChoices))} | ${shown(one.defaultValue)} |`,
  );
  const options = command.options.filter(({ hidden }) => !hidden);
  const groups = [...new Set(options.map((option) => option.helpGroupHeading ?? 'Options:'))];
  const table = (what: string, rows: readonly string[]): string[] =>
    rows.length === 0 ? [] : [[`| ${what} | | default |`, '| --- | --- | --- |', ...rows].join('\n')];
  return [
    `## ${nameOf(command)}`,
    `${sentence(command.description())}`,
    ...table('argument', shownArguments),
    ...groups.flatMap((group) => {
      const rows = options.filter((option) => (option.helpGroupHeading ?? 'Options:') === group).map(rowOf);
      return table(group.replace(':', '').toLowerCase(), rows);
    }),
    ...textAfter(command).map((text) => (text.startsWith('Example') ? examples(text) : text)),
  ].join('\n\n');
}

function rowOf(option: Option): string {
  const meaning = plain(described(option.description, option.argChoices));
  const fallback = option.mandatory ? 'needed' : option.negate ? '' : shown(option.defaultValue);
  return `| \`${option.flags.replaceAll('|', '\\|')}\` | ${meaning} | ${fallback} |`;
}

const described = (text: string, choices: readonly string[] | undefined): string =>
  choices ? `${text}: ${choices.map((choice) => `\`${choice}\``).join(', ')}` : text;

const shown = (value: unknown): string => {
  if (value === undefined || value === false) return '';
  return Array.isArray(value) ? `\`${value.join(',')}\`` : `\`${String(value)}\``;
};

/** In a table, a bar parts cells, and an angle bracket begins a tag. */
const plain = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const sentence = (text: string): string => `${plain(text.charAt(0).toUpperCase() + text.slice(1))}.`;

/** What the help says after the options, in paragraphs. */
function textAfter(command: Command): string[] {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 100 });
  command.outputHelp();
  const after = help.slice(command.helpInformation().length).trim();
  return after === ''
    ? []
    : after.split('\n\n').map((paragraph) => paragraph.replaceAll('\n', paragraph.startsWith('Example') ? '\n' : ' '));
}

function examples(text: string): string {
  const [, ...lines] = text.split('\n');
  return `\`\`\`sh\n${lines.map((line) => line.replace(/^ {2}/, '')).join('\n')}\n\`\`\``;
}

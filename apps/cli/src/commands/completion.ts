/** `anke completion`: scripts that complete commands and options in a shell, from what the program itself declares. */
import { Argument, type Command } from 'commander';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  source <(anke completion bash)      # in ~/.bashrc
  source <(anke completion zsh)       # in ~/.zshrc, after compinit
  anke completion fish | source       # in ~/.config/fish/config.fish`,
    )
    .action((shell: 'bash' | 'zsh' | 'fish') => {
      const entries = entriesOf(program, []);
      process.stdout.write({ bash, zsh, fish }[shell](entries));
    });
}

/** What may follow some words. */
interface Entry {
  readonly words: readonly string[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly {
    readonly flag: string;
    readonly description: string;
    readonly choices: readonly string[];
  }[];
}

function entriesOf(command: Command, words: readonly string[]): Entry[] {
  const described = (text: string): string => text.split(/[;:,(]/)[0]?.trim() ?? '';
  const help = { flag: '--help', description: 'how it is used', choices: [] };
  const own: Entry = {
    words,
    commands: command.commands.map((one) => ({ name: one.name(), description: described(one.description()) })),
    options: [
      ...command.options.flatMap(({ long, description, argChoices = [] }) =>
        long ? [{ flag: long, description: described(description), choices: argChoices }] : [],
      ),
      help,
    ],
  };
  return [own, ...command.commands.flatMap((one) => entriesOf(one, [...words, one.name()]))];
}

const path = ({ words }: Entry): string => ['anke', ...words].join(' ');

/** Commands and options by the words before; files where neither is meant. */
function bash(entries: readonly Entry[]): string {
  const cases = entries.map((entry) => {
    const words = [...entry.commands.map(({ name }) => name), ...entry.options.map(({ flag }) => flag)].join(' ');
    return `    '${path(entry)}') words='${words}' ;;`;
  });
  const choices = entries.flatMap((entry) =>
    entry.options.flatMap(({ flag, choices: values }) =>
      values.length > 0 ? [`    '${path(entry)} ${flag}') words='${values.join(' ')}' ;;`] : [],
    ),
  );
  const groups = entries.filter(({ commands }) => commands.length > 0).map((entry) => `'${path(entry)}'`);
  return `# Completions of anke for bash.
_anke() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command=anke words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command" in
      ${groups.join('|')}) case "\${COMP_WORDS[i]}" in -*) ;; *) command="$command \${COMP_WORDS[i]}" ;; esac ;;
    esac
  done
  case "$command $previous" in
${choices.join('\n')}
    *) case "$command" in
${cases.join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _anke anke
`;
}

/** zsh runs bash's completions. */
const zsh = (entries: readonly Entry[]): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(entries)}`;

function fish(entries: readonly Entry[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\\\'")}'`;
  const lines = entries.flatMap(({ words, commands, options }) => {
    const parents = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const seen = parents.length > 0 ? parents.join('; and ') : '';
    const none = `not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`;
    const here = commands.length > 0 ? [seen, none].filter(Boolean).join('; and ') : seen;
    return [
      ...commands.map(
        ({ name, description }) => `complete -c anke -f -n ${quoted(here)} -a ${name} -d ${quoted(description)}`,
      ),
      ...options.map(({ flag, description, choices }) => {
        const values = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : '';
        return `complete -c anke -n ${quoted(here || 'true')} -l ${flag.slice(2)}${values} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# Completions of anke for fish.\n${lines.join('\n')}\n`;
}

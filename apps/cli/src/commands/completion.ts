/** `anke completion`: scripts that complete what is typed in a shell, from what the program itself declares. */
import { SHIPPED_NAMES } from '@anke/training';
import { Argument, type Command, type Option } from 'commander';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and their values in your shell')
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

/** What may stand at a place: some words, a path, or a path that is a run at best; else nothing is proposed. */
interface Values {
  readonly words: readonly string[];
  readonly kind: 'path' | 'run' | 'none';
}

/** What may follow some words. */
interface Entry {
  readonly words: readonly string[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly {
    readonly flag: string;
    readonly description: string;
    /** Undefined where the option takes none. */
    readonly values: Values | undefined;
  }[];
  /** At the places of the arguments. */
  readonly values: Values;
}

/** Names of values in the usage that are paths. */
const PATHS = ['path', 'file', 'folder', 'data', 'images', 'png', 'csv', 'recipe', 'old.json'];

/** By the name that the usage gives a value. */
function valuesOf(name: string, choices: readonly string[] | undefined): Values {
  if (choices) return { words: choices, kind: 'none' };
  const kind = /^runs?$/.test(name) ? 'run' : PATHS.includes(name) ? 'path' : 'none';
  return { words: name === 'recipe' ? SHIPPED_NAMES : [], kind };
}

/** `n` of `--epochs <n>`; `recipe` of `--recipe <name>`, as that of other options is no path */
const valueName = ({ flags, long }: Option): string =>
  long === '--recipe' ? 'recipe' : (/<(.*)>/.exec(flags)?.[1] ?? '');

function entriesOf(program: Command, words: readonly string[], command = program): Entry[] {
  const described = (text: string): string => text.split(/[;:,(]/)[0]?.trim() ?? '';
  const help = { flag: '--help', description: 'how it is used', values: undefined };
  const places = command.registeredArguments.map((one) => valuesOf(one.name(), one.argChoices));
  const names = command.name() === 'help' ? program.commands.map((one) => one.name()) : [];
  const own: Entry = {
    words,
    commands: command.commands.map((one) => ({ name: one.name(), description: described(one.description()) })),
    options: [
      ...command.options.flatMap((option) => {
        const { long, description, argChoices, hidden } = option;
        if (!long || hidden) return [];
        const values = option.required ? valuesOf(valueName(option), argChoices) : undefined;
        return [{ flag: long, description: described(description), values }];
      }),
      help,
    ],
    values: {
      words: [...names, ...places.flatMap((one) => one.words)],
      kind: (['run', 'path'] as const).find((kind) => places.some((one) => one.kind === kind)) ?? 'none',
    },
  };
  return [own, ...command.commands.flatMap((one) => entriesOf(program, [...words, one.name()], one))];
}

const path = ({ words }: Entry): string => ['anke', ...words].join(' ');

/** Sets what is proposed at a place. */
const proposed = ({ words, kind }: Values): string => `words='${words.join(' ')}' kind=${kind}`;

function bash(entries: readonly Entry[]): string {
  const values = entries.flatMap((entry) =>
    entry.options.flatMap((option) =>
      option.values ? [`    '${path(entry)} ${option.flag}') ${proposed(option.values)} ;;`] : [],
    ),
  );
  const options = entries.map((entry) => `    '${path(entry)}') words='${flagsOf(entry)}' ;;`);
  const places = entries.map((entry) => {
    const words = [...entry.commands.map(({ name }) => name), ...entry.values.words];
    return `    '${path(entry)}') ${proposed({ ...entry.values, words })} ;;`;
  });
  const groups = entries.filter(({ commands }) => commands.length > 0).map((entry) => `'${path(entry)}'`);
  return `# Completions of anke for bash.
_anke() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command=anke words='' kind=none i
  # bash takes the sign in --option=value for a word.
  if [ "$current" = = ]; then current=''
  elif [ "$previous" = = ]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command" in
      ${groups.join('|')}) case "\${COMP_WORDS[i]}" in -*) ;; *) command="$command \${COMP_WORDS[i]}" ;; esac ;;
    esac
  done
  case "$command $previous" in
${values.join('\n')}
    *) case "$current" in
    -*) case "$command" in
${options.join('\n')}
    esac ;;
    *) case "$command" in
${places.join('\n')}
    esac ;;
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ $kind = run ] && [ -z "$current" ] && COMPREPLY=($(compgen -d -- runs/))
  [ $kind = none ] || [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _anke anke
`;
}

const flagsOf = ({ options }: Entry): string => options.map(({ flag }) => flag).join(' ');

/** zsh runs bash's completions. */
const zsh = (entries: readonly Entry[]): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(entries)}`;

function fish(entries: readonly Entry[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "\\\\'")}'`;
  const runs = '(__fish_complete_directories runs/)';
  /** What stands behind a flag, or at a place: words, and files where no word says that there are none. */
  const shown = ({ words, kind }: Values): string => {
    const all = [...words, ...(kind === 'run' ? [runs] : [])];
    return (kind === 'none' ? ' -f' : '') + (all.length > 0 ? ` -a ${quoted(all.join(' '))}` : '');
  };
  const lines = entries.flatMap(({ words, commands, options, values: places }) => {
    const parents = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const seen = parents.length > 0 ? parents.join('; and ') : '';
    const none = `not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`;
    const here = commands.length > 0 ? [seen, none].filter(Boolean).join('; and ') : seen;
    return [
      ...commands.map(
        ({ name, description }) => `complete -c anke -f -n ${quoted(here)} -a ${name} -d ${quoted(description)}`,
      ),
      ...(commands.length === 0 ? [`complete -c anke -n ${quoted(here)}${shown(places)}`] : []),
      ...options.map(({ flag, description, values }) => {
        const value = values ? ` -r${shown(values)}` : '';
        return `complete -c anke -n ${quoted(here || 'true')} -l ${flag.slice(2)}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# Completions of anke for fish.\n${lines.join('\n')}\n`;
}

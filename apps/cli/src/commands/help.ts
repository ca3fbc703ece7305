/** `anke help`: the help of a command, by its name. */
import { didYouMean } from '@anke/training';
import type { Command } from 'commander';
import { UsageError } from '../errors.js';

export function addHelp(program: Command): void {
  program
    .helpCommand(false) // Commander's own shows the whole help where there is no such command
    .command('help')
    .description('tell how a command is used')
    .argument('[command...]', 'its name, such as train, or bench step')
    .action((words: readonly string[]) => {
      let command = program;
      for (const word of words) {
        const names = command.commands.map((one) => one.name());
        const next = command.commands[names.indexOf(word)];
        if (!next) throw new UsageError(`there is no command "${word}"${didYouMean(word, names)}`);
        command = next;
      }
      command.help();
    });
}

/** `anke recipe`: recipes as JSON, and their schema. */
import { writeWhole } from '@anke/files';
import { checkRecipe, formatJson, recipeJsonSchema, SHIPPED_NAMES } from '@anke/training';
import type { Command } from 'commander';
import { readRecipe, type SizeOptions } from '../recipes.js';
import { Terminal } from '../terminal.js';
import { GROUP, sizeOptions } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

interface Options extends SizeOptions, OutputOptions {
  readonly schema?: boolean;
}

export function addRecipe(program: Command): void {
  const command = program
    .command('recipe')
    .description('print a recipe as JSON, with all its defaults: a built-in one, or one from a file, checked')
    .argument('[recipe]', `${SHIPPED_NAMES.join(', ')}, or a JSON or TypeScript file`, 'notebook');
  sizeOptions(command)
    .optionsGroup(GROUP.output)
    .option('--schema', 'print the JSON Schema of recipes instead, which editors check and complete by');
  outputOptions(command, 'file', 'write it there instead of printing it', 'output')
    .addHelpText(
      'after',
      `
Examples:
  anke recipe notebook --out mine.json
  anke recipe mobilenetv2 --image-size 96 --alpha 0.35
  anke recipe --schema --out recipe.schema.json     # and in mine.json: "$schema": "./recipe.schema.json"
  anke train data/digits --recipe mine.json`,
    )
    .action(runRecipe);
}

async function runRecipe(name: string, { schema = false, out = '-', force, ...options }: Options): Promise<void> {
  const terminal = new Terminal(options);
  const path = writable(out, { force });
  const value = schema ? await recipeJsonSchema() : await checkRecipe(await readRecipe(name, options), name);
  const text = schema ? JSON.stringify(value, null, 2) : formatJson(value);
  if (path !== '-') {
    writeWhole(path, `${text}\n`);
    terminal.say(`written to ${path}`);
    terminal.result({ out: path });
  } else if (options.json) terminal.result(value);
  else process.stdout.write(`${text}\n`);
}

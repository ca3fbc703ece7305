/** `anke recipe`: recipes as JSON, and their schema. */
import { writeWhole } from '@anke/files';
import { checkRecipe, formatJson, recipeJsonSchema, SHIPPED_NAMES } from '@anke/training';
import type { Command } from 'commander';
import { readRecipe, type SizeOptions } from '../recipes.js';
import { sizeOptions } from './options.js';

interface Options extends SizeOptions {
  readonly schema?: boolean;
  readonly output?: string;
}

export function addRecipe(program: Command): void {
  const command = program
    .command('recipe')
    .description('print a recipe as JSON, with all its defaults: a built-in one, or one from a file, checked')
    .argument('[recipe]', `${SHIPPED_NAMES.join(', ')}, or a JSON or TypeScript file`, 'notebook');
  sizeOptions(command)
    .option('--schema', 'print the JSON Schema of recipes instead, which editors check and complete by')
    .option('--output <file>', 'write it there instead of printing it')
    .addHelpText(
      'after',
      `
Examples:
  anke recipe notebook --output mine.json
  anke recipe mobilenetv2 --image-size 96 --alpha 0.35
  anke recipe --schema --output recipe.schema.json     # and in mine.json: "$schema": "./recipe.schema.json"
  anke train --recipe mine.json --data data/digits`,
    )
    .action(runRecipe);
}

async function runRecipe(name: string, { schema = false, output, ...size }: Options): Promise<void> {
  const text = schema
    ? `${JSON.stringify(await recipeJsonSchema(), null, 2)}\n`
    : `${formatJson(await checkRecipe(await readRecipe(name, size), name))}\n`;
  if (output === undefined) process.stdout.write(text);
  else writeWhole(output, text);
}

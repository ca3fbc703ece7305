/** `anke import-weights`: a model made of weights from elsewhere. */
import { join } from 'node:path';
import { encodeWeights, type Model, modelFromDescription } from '@anke/nn';
import { count } from '@anke/report';
import { LAYERS_FILE, readText, SealedStore, saveLayers, WEIGHTS_FILE } from '@anke/training';
import type { Command } from 'commander';
import { CommandError } from '../errors.js';
import { foreignWeights } from '../foreign-weights.js';
import { parseJson } from '../json.js';
import { folderStore, fromRun } from '../run-files.js';
import { makeRunFolder } from '../run-folder.js';
import { Terminal } from '../terminal.js';
import { type ModelOptions, modelOptions, recipeModel } from './model-options.js';
import { GROUP } from './options.js';
import { type AnswerOptions, outOption } from './output.js';

interface Options extends ModelOptions, AnswerOptions {
  readonly model?: string;
  readonly partial?: boolean;
  readonly out?: string;
}

export function addImportWeights(program: Command): void {
  const command = program
    .command('import-weights')
    .description('make a model of weights from elsewhere: safetensors, or .h5 and .keras as Keras writes them')
    .argument('<file>', 'a .safetensors, .h5 or .keras file')
    .optionsGroup(GROUP.model)
    .option('--model <run>', 'the folder of a run: its layers');
  modelOptions(command, 'without --model: the recipe whose layers are taken').option(
    '--partial',
    'take what file and model have in common: other layers of the model keep their first weights',
  );
  outOption(command, 'folder', 'where the model goes; default: the next free runs/<date>-imported-<n>')
    .addHelpText(
      'after',
      `
Layers with the model’s names are taken by them; else those of a kind in the order of their names (conv2d, conv2d_1, …,
conv2d_10). Every shape is checked. Kernels are (kh, kw, in, out) and (in, out), as Keras has them.

Examples:
  anke import-weights cnn.weights.h5 --out runs/from-keras
  anke import-weights theirs.safetensors --model runs/first
  anke import-weights mobilenet_v2_no_top.h5 --recipe mobilenetv2 --image-size 96 --partial`,
    )
    .action(runImportWeights);
}

async function runImportWeights(file: string, options: Options): Promise<void> {
  const terminal = new Terminal(options);
  const model = options.model === undefined ? await modelOfRecipe(options) : await modelOfRun(options.model);
  const { weights, lines, layers } = await foreignWeights(file, model.graph, options.partial);
  const { folder, release } = await makeRunFolder(options.out, 'imported');
  try {
    const store = new SealedStore(folderStore(folder));
    await store.write(WEIGHTS_FILE, encodeWeights(weights));
    await saveLayers(store, model);
  } finally {
    release();
  }
  const parameters = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
  for (const line of lines) terminal.say(line);
  terminal.say(`${count(parameters)} weights, from ${layers} layers of ${file}: the model is in ${folder}`);
  terminal.result({ folder, layers, parameters });
}

async function modelOfRecipe(options: Options): Promise<Model> {
  const { recipe, make } = await recipeModel(options);
  return make(recipe.seed);
}

async function modelOfRun(run: string): Promise<Model> {
  const text = await fromRun(run, (store) => readText(store, LAYERS_FILE));
  if (text === undefined)
    throw new CommandError(`${run}: there is no model.json in it; --model expects the folder of a run`);
  return modelFromDescription(parseJson(join(run, LAYERS_FILE), text));
}

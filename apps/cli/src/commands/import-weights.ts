/** `anke import-weights`: a model made of weights from elsewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assignWeights, readKerasWeights, readSafetensorsWeights } from '@anke/exchange';
import { encodeWeights, type Model, modelFromDescription } from '@anke/nn';
import { count } from '@anke/report';
import { LAYERS_FILE, readText, SealedStore, saveLayers, WEIGHTS_FILE } from '@anke/training';
import type { Command } from 'commander';
import { CommandError } from '../errors.js';
import { parseJson } from '../json.js';
import { folderStore, fromRun } from '../run-files.js';
import { makeRunFolder } from '../run-folder.js';
import { Terminal } from '../terminal.js';
import { type ModelOptions, modelOptions, recipeModel } from './model-options.js';

interface Options extends ModelOptions {
  readonly model?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addImportWeights(program: Command): void {
  const command = program
    .command('import-weights')
    .description('make a model of weights from elsewhere: safetensors, or .weights.h5 as Keras 3 writes it')
    .argument('<file>', 'a .safetensors or .h5 file')
    .option('--model <run>', 'the folder of a run: its layers');
  modelOptions(command, 'without --model: the recipe whose layers are taken')
    .option('--out <folder>', 'where the model goes; default: the next free runs/<date>-imported-<n>')
    .option('--json', 'one JSON object as the last line on stdout; all else goes to stderr')
    .addHelpText(
      'after',
      `
Layers with the model’s names are taken by them; else those of a kind in the order of their names (conv2d, conv2d_1, …,
conv2d_10). Every shape is checked. Kernels are (kh, kw, in, out) and (in, out), as Keras has them.

Examples:
  anke import-weights cnn.weights.h5 --out runs/from-keras
  anke import-weights theirs.safetensors --model runs/first`,
    )
    .action(runImportWeights);
}

async function runImportWeights(file: string, options: Options): Promise<void> {
  const terminal = new Terminal(options);
  if (!existsSync(file)) throw new CommandError(`${file}: there is no such file`);
  const isHdf5 = /\.(h5|hdf5)$/i.test(file);
  if (!isHdf5 && !/\.safetensors$/i.test(file)) throw new CommandError(`${file}: weights come as .safetensors or .h5`);
  const model = options.model === undefined ? await modelOfRecipe(options) : await modelOfRun(options.model);
  const bytes = readFileSync(file);
  const found = isHdf5 ? await readKerasWeights(file, bytes) : readSafetensorsWeights(file, bytes);
  const weights = assignWeights(model.graph, found);
  const { folder, release } = await makeRunFolder(options.out, 'imported');
  try {
    const store = new SealedStore(folderStore(folder));
    await store.write(WEIGHTS_FILE, encodeWeights(weights));
    await saveLayers(store, model);
  } finally {
    release();
  }
  const parameters = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
  terminal.say(
    `${count(parameters)} weights of ${found.layers.length} layers, from ${file}: the model is in ${folder}`,
  );
  terminal.result({ folder, layers: found.layers.length, parameters });
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

/** `anke export`: a trained model in other programs' formats. */

import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toOnnx, toSafetensors, toTensorFlowJs } from '@anke/exchange';
import { makeFolder, moveWhole, writeWhole } from '@anke/files';
import { count } from '@anke/report';
import { type Command, Option } from 'commander';
import { readModel } from '../model-folder.js';
import { Terminal } from '../terminal.js';
import { operands, TRAINED_MODEL } from './operands.js';
import { GROUP } from './options.js';
import { type OutputOptions, outputOptions, writable } from './output.js';

interface Options extends OutputOptions {
  readonly model: string;
  readonly format: 'onnx' | 'tfjs' | 'safetensors';
}

export function addExport(program: Command): void {
  const command = operands(program.command('export'), [TRAINED_MODEL])
    .description('write a trained model for other programs')
    .optionsGroup(GROUP.output)
    .addOption(
      new Option('--format <name>', 'onnx (opset 17), tfjs (layers model) or safetensors (Keras’s names)')
        .choices(['onnx', 'tfjs', 'safetensors'])
        .default('onnx'),
    );
  const names = 'model.onnx, model-tfjs or model.safetensors';
  outputOptions(command, 'path', `a file, or for tfjs a new folder; default: ${names}`, 'output')
    .addHelpText(
      'after',
      `
The model’s input is (images, height, width, channels), float32, pixels / 255; its output the classes’ probabilities.
Class names and the input’s shape are in the file’s metadata: classNames and inputShape, as JSON.

Examples:
  anke export runs/first --format onnx --out digits.onnx
  anke export runs/first --format tfjs --out digits-tfjs`,
    )
    .action(() => runExport(command.opts()));
}

async function runExport(options: Options): Promise<void> {
  const { model: run, format, out } = options;
  const terminal = new Terminal(options);
  const stored = await readModel(run);
  const { graph, weights } = stored;
  const path = out ?? { onnx: 'model.onnx', tfjs: 'model-tfjs', safetensors: 'model.safetensors' }[format];
  writable(path, options);
  let bytes: number;
  if (format === 'tfjs') {
    const written = toTensorFlowJs(graph, weights, stored);
    writeFolder(path, { 'weights.bin': written.weights, 'model.json': written.json });
    bytes = written.weights.length;
  } else {
    const file = format === 'onnx' ? await toOnnx(graph, weights, stored) : toSafetensors(graph, weights, stored);
    writeWhole(path, file);
    bytes = file.length;
  }
  terminal.say(`${path}: ${count(bytes)} bytes`);
  terminal.result({ out: path, format, bytes });
}

/** Writes files into a new folder, which appears when all of them are in it. */
function writeFolder(path: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  const draft = join(dirname(path), `.${process.pid}.part`);
  try {
    makeFolder(draft);
    for (const [name, content] of Object.entries(files)) writeWhole(join(draft, name), content);
    rmSync(path, { recursive: true, force: true }); // with --force
    moveWhole(draft, path);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

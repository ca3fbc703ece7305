/** Recipes through the command line: what they train, what their callbacks write, and what is said of a wrong one. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeWeights } from '@anke/nn';
import { recipeJsonSchema } from '@anke/training';
import { beforeAll, describe, expect, test } from 'vitest';
import { anke, read, root, rows, work, written } from './command-line.js';

const TINY = {
  seed: 5,
  batchSize: 40,
  data: { path: 'digits' },
  layers: [
    { type: 'Conv2D', filters: 4, kernelSize: 3, activation: 'relu' },
    { type: 'MaxPooling2D', poolSize: 4 },
    { type: 'Flatten' },
    { type: 'Dense', units: 'classes', activation: 'softmax' },
  ],
  phases: [
    {
      optimizer: { type: 'Adam', learningRate: 0.01 },
      epochs: 3,
      callbacks: [
        { type: 'LearningRateScheduler', schedule: { type: 'exponential', factor: 0.5 } },
        { type: 'ModelCheckpoint' },
        { type: 'CSVLogger', filename: 'logs/{phase}.csv' },
        { type: 'TensorBoard' },
      ],
    },
    {
      name: 'fine',
      optimizer: { type: 'SGD', learningRate: 0.08, momentum: 0.9 },
      epochs: 3,
      callbacks: [
        { type: 'ReduceLROnPlateau', patience: 1, minDelta: 100, factor: 0.25 },
        {
          type: 'ModelCheckpoint',
          filepath: 'best/{phase}-{epoch}-{val_loss:.2f}.safetensors',
          monitor: 'val_accuracy',
          mode: 'min',
          saveBestOnly: true,
        },
      ],
    },
  ],
};
beforeAll(() => {
  expect(anke(['synth', '--to', 'digits', '--train', '200', '--test', '20', '--seed', '3']).status).toBe(0);
  written('tiny.json', TINY);
  const { status, stderr } = anke(['train', '--recipe', 'tiny.json', '--out', 'tiny', '--quiet']);
  expect(status, stderr).toBe(0);
  expect(stderr).not.toMatch(/Epoch|Training/);
});

describe('a recipe', () => {
  test('may have branches: it trains, predicts, and is exported', () => {
    const same = { filters: 4, kernelSize: 3, padding: 'same' };
    const layers = [
      { type: 'Conv2D', name: 'stem', ...same, activation: 'relu' },
      { type: 'Conv2D', name: 'left', ...same },
      { type: 'DepthwiseConv2D', name: 'right', kernelSize: 3, padding: 'same', inputs: ['stem'] },
      { type: 'Add', name: 'sum', inputs: ['left', 'right'] },
      { type: 'ReLU', maxValue: 6 },
      { type: 'GlobalAveragePooling2D' },
      { type: 'Dense', units: 'classes', activation: 'softmax' },
    ];
    written('branches.json', { ...TINY, layers, phases: [{ optimizer: { type: 'Adam' }, epochs: 1 }] });
    const trained = anke(['train', '--recipe', 'branches.json', '--out', 'branches', '--quiet']);
    expect(trained.status, trained.stderr).toBe(0);
    expect(read('branches/report.html')).toContain('Connected to');
    const predicted = (model: string): string => {
      const args = ['--input', 'digits/test.csv', '--output', 'out.csv', '--force', '--probabilities', '--quiet'];
      const { status, stderr } = anke(['predict', '--model', model, ...args]);
      expect(status, stderr).toBe(0);
      return read('out.csv');
    };
    expect(anke(['export', 'branches', '--output', 'branches.onnx', '--quiet']).status).toBe(0);
    expect(predicted('branches.onnx')).toBe(predicted('branches'));
  });

  test('is trained phase by phase, at its rates', () => {
    const [header = [], ...epochs] = rows('tiny/history.csv');
    const column = (name: string): string[] => epochs.map((row) => row[header.indexOf(name)] as string);
    expect(column('phase')).toEqual(['adam', 'adam', 'adam', 'fine', 'fine', 'fine']);
    expect(column('learning_rate').map(Number)).toEqual([0.01, 0.005, 0.0025, 0.08, 0.08, 0.02]);
    const losses = column('val_loss').map(Number);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  });

  test('is in the run folder with its defaults, and trains the same from there', () => {
    const resolved = JSON.parse(read('tiny/recipe.json'));
    expect(resolved.data).toEqual({ path: join(work, 'digits'), validationSplit: 0.2 });
    expect(resolved.phases[1].callbacks[0].monitor).toBe('val_loss');
    const again = anke(['train', '--recipe', 'tiny/recipe.json', '--out', 'again', '--kernels', 'tiny']);
    expect(again.status, again.stderr).toBe(0);
    const weights = (run: string): Buffer => readFileSync(join(work, run, 'model.safetensors'));
    expect(weights('again').equals(weights('tiny'))).toBe(true);
    const compared = anke(['compare', 'tiny', 'again', '--json']);
    expect(JSON.parse(compared.stdout).different).toEqual([]);
  });

  test('writes what its callbacks say', () => {
    expect(readdirSync(join(work, 'tiny/checkpoints')).sort()).toEqual(
      [1, 2, 3].map((epoch) => `adam-0${epoch}.safetensors`),
    );
    // With the least accuracy as the best, the first epoch is kept, and later ones only where it falls.
    const [, ...epochs] = rows('tiny/history.csv').slice(3);
    let least = Number.POSITIVE_INFINITY;
    const kept = epochs.flatMap((row) => {
      if (Number(row[5]) >= least) return [];
      least = Number(row[5]);
      return [`fine-${row[1]}-${Number(row[4]).toFixed(2)}.safetensors`];
    });
    expect(readdirSync(join(work, 'tiny/best')).sort()).toEqual(kept.sort());
    const [header, ...logged] = rows('tiny/logs/adam.csv');
    expect(header).toEqual(['epoch', 'accuracy', 'learning_rate', 'loss', 'val_accuracy', 'val_loss']);
    expect(logged.map(([epoch]) => epoch)).toEqual(['0', '1', '2']);
    expect(logged.map((row) => row[5])).toEqual(
      rows('tiny/history.csv')
        .slice(1, 4)
        .map((row) => row[4]),
    );
  });

  test('leaves weights of an epoch that predict', () => {
    const kept = 'tiny/checkpoints/adam-02.safetensors';
    expect(decodeWeights(readFileSync(join(work, kept))).size).toBe(4);
    const { status, stderr } = anke(['predict', '--model', kept, '--input', 'digits/test.csv', '--output', 'p.csv']);
    expect(status, stderr).toBe(0);
    expect(rows('p.csv')).toHaveLength(21);
  });

  test('is code, if one likes', () => {
    const example = join(root, 'test/examples/own-recipe.ts');
    const out = [
      '--data',
      'digits',
      '--set',
      'phases.0.epochs=1',
      '--set',
      'description=shorter',
      '--storage',
      'float16',
      '--out',
      'own',
    ];
    const { status, stderr } = anke(['train', '--recipe', example, ...out]);
    expect(status, stderr).toBe(0);
    const { layers, phases, description, augmentation, storage } = JSON.parse(read('own/recipe.json'));
    expect(storage).toBe('float16');
    expect(layers).toHaveLength(9);
    expect(phases[0].epochs).toBe(1);
    expect(description).toBe('shorter');
    expect(augmentation).toEqual({ rotationRange: 8, widthShiftRange: 0.1 });
    expect(rows('own/history.csv')[1]?.[6]).toBe('0.001');
  });

  test('that is built in is printed, and takes part in the schema', async () => {
    const { status, stdout } = anke(['recipe', 'notebook']);
    expect(status).toBe(0);
    const { layers, phases } = JSON.parse(stdout);
    expect(layers).toHaveLength(15);
    expect(phases.map(({ name, epochs }: { name: string; epochs: number }) => [name, epochs])).toEqual([
      ['adam', 20],
      ['sgd', 25],
    ]);
    expect(anke(['recipe', '--schema', '--output', 'schema.json']).status).toBe(0);
    expect(JSON.parse(read('schema.json'))).toEqual(await recipeJsonSchema());
  });
});

const python = join(root, 'test/readers/.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const absent = !existsSync(python);
if (absent) console.log('Skipped: TensorBoard reads our event files, as no Python had one.');
test.skipIf(absent)('TensorBoard reads the event files', () => {
  const program = `
import json, sys
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
runs = EventMultiplexer().AddRunsFromDirectory(sys.argv[1])
runs.Reload()
scalars = lambda run, tag: [[e.step, e.value] for e in runs.Scalars(run, tag)]
found = {run: {tag: scalars(run, tag) for tag in tags['scalars']} for run, tags in runs.Runs().items()}
print(json.dumps(found))`;
  const { status, stdout, stderr } = spawnSync(python, ['-c', program, join(work, 'tiny/tensorboard')], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  const runs = JSON.parse(stdout) as Record<string, Record<string, [number, number][]>>;
  expect(Object.keys(runs).sort()).toEqual([join('adam', 'train'), join('adam', 'validation')]);
  const [header = [], ...epochs] = rows('tiny/history.csv');
  for (const [run, tag, name] of [
    ['train', 'epoch_loss', 'loss'],
    ['train', 'epoch_accuracy', 'accuracy'],
    ['train', 'epoch_learning_rate', 'learning_rate'],
    ['validation', 'epoch_loss', 'val_loss'],
    ['validation', 'epoch_accuracy', 'val_accuracy'],
  ] as const) {
    const want = epochs.slice(0, 3).map((row, i) => [i, Math.fround(Number(row[header.indexOf(name)]))]);
    expect(runs[join('adam', run)]?.[tag]).toEqual(want);
  }
});

describe('a wrong recipe is told apart from a right one', () => {
  const refused = (recipe: object | string, ...args: string[]): string => {
    const file = typeof recipe === 'string' ? recipe : written('wrong.json', recipe);
    const { status, stderr } = anke(['train', '--recipe', file, '--out', 'never', ...args]);
    expect(status, stderr).toBe(1);
    expect(existsSync(join(work, 'never'))).toBe(false);
    return stderr.replaceAll(/^Warning.*\n/gm, '').trim();
  };
  const [first, ...rest] = TINY.layers;

  test.each<[string, object | string, string]>([
    [
      'a name',
      'nothing',
      'anke: nothing: there is no such recipe; it may be ' +
        'notebook, cnn, small, fast, mobilenetv2, vgg16, or a JSON or TypeScript file',
    ],
    [
      'a key',
      { ...TINY, layers: [{ ...first, filtres: 8 }, ...rest] },
      'layers[0]: "filtres" is not known here (did you mean "filters"?); known are type, name, inputs, trainable, ' +
        'filters, kernelSize, strides, padding, dilationRate, groups, activation, useBias, biasInitializer, ' +
        'biasRegularizer, kernelInitializer, kernelRegularizer',
    ],
    [
      'a type',
      { ...TINY, layers: [{ ...first, type: 'conv2d' }, ...rest] },
      'layers[0].type: "conv2d" is not known here (did you mean "Conv2D"?); it may be Activation, Add, ',
    ],
    [
      'what is missing',
      { ...TINY, layers: [{ type: 'Conv2D', filters: 4 }, ...rest] },
      'layers[0].kernelSize: it is missing',
    ],
    ['a value', { ...TINY, seed: -1 }, 'seed: Too small: expected number to be >=0'],
    ['no phase', { ...TINY, phases: [] }, 'phases: Too small'],
    ['an array', [], 'a recipe is an object, with layers and phases'],
    [
      'two names',
      { ...TINY, phases: TINY.phases.map((phase) => ({ ...phase, name: 'one' })) },
      'wrong.json: two phases are named "one"',
    ],
    [
      'layers that do not fit',
      { ...TINY, layers: [first, { type: 'MaxPooling2D', poolSize: 40 }, ...rest.slice(1)] },
      'layer "max_pooling2d" (MaxPooling2D) expects images of at least 40 × 40 pixels, ' +
        'but its input is (None, 26, 26, 4)',
    ],
    [
      'what a callback watches',
      { ...TINY, phases: [{ ...TINY.phases[0], callbacks: [{ type: 'EarlyStopping', monitor: 'val_los' }] }] },
      'EarlyStopping watches "val_los", but the logs hold loss, accuracy, learning_rate, val_loss, val_accuracy',
    ],
  ])('%s', (_, recipe, message) => {
    const said = refused(recipe);
    expect(said).toContain(message);
    expect(said).not.toContain('\n');
  });

  test('JSON that is none, by line and column', () => {
    writeFileSync(join(work, 'broken.json'), '{\n  "seed": 5\n  "layers": []\n}');
    expect(refused('broken.json')).toMatch(/^anke: broken\.json:3:3: this is no JSON \(Expected ',' or '}'/);
  });

  test('code that fails, and a path that --set does not find', () => {
    writeFileSync(join(work, 'broken.ts'), "throw new Error('no rates');");
    expect(refused('broken.ts')).toBe('anke: broken.ts: no rates');
    expect(anke(['train', '--recipe', 'tiny.json', '--set', 'phases.7.epochs=3']).stderr).toContain(
      '--set phases.7.epochs: phases has 2 entries, counted from 0',
    );
    expect(refused('tiny.json', '--set', 'phases.0.epoch=3')).toContain(
      'tiny.json: phases[0]: "epoch" is not known here (did you mean "epochs"?)',
    );
    const { status, stderr } = anke(['train', '--recipe', 'tiny.json', '--set', 'epochs']);
    expect(status).toBe(2);
    expect(stderr).toContain('It must be a path in the recipe and its value: phases.0.epochs=5.');
  });
});

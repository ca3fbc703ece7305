/**
 * The packages as those have them who install them: packed, installed with npm into an empty project, type-checked
 * there under `strict`, and run in plain Node. Nothing of the workspace is in reach of that project.
 */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, openRegistry } from './pack/registry.js';

/** What of a published `package.json` is looked at here. */
interface Published extends Manifest {
  readonly private?: boolean;
  readonly description: string;
  readonly license: string;
  readonly type: string;
  readonly sideEffects: boolean;
  readonly engines: { readonly node: string };
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const root = join(import.meta.dirname, '..');
const names = readdirSync(join(root, 'packages'))
  .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
  .sort();
const project = mkdtempSync(join(tmpdir(), 'anke project '));
afterAll(() => rmSync(project, { recursive: true }));

const windows = process.platform === 'win32';
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const published = (name: string): Published => json(join(project, 'node_modules/@anke', name, 'package.json'));
/** `@anke/nn`, `@anke/training/recipe`: all that a package lets others import. */
const entries = (name: string): string[] =>
  Object.keys(published(name).exports).map((key) => join('@anke', name, key).replaceAll('\\', '/'));

/** Runs a program in the project to its end, and returns its output; what it reports besides is shown if it fails. */
async function run(program: string, args: readonly string[], cwd = project): Promise<string> {
  const child = spawn(program, args, { cwd, shell: windows, env: { ...process.env, NODE_ENV: '', NODE_OPTIONS: '' } });
  let output = '';
  let reports = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (reports += data));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  expect(code, `${program} ${args.join(' ')}\n${output}${reports}`).toBe(0);
  return output;
}

/** Packs every package with the workspace's pnpm, and installs them all. */
async function install(): Promise<void> {
  const tarballs = join(project, 'tarballs');
  const options = ['--recursive', '--filter', './packages/*', 'pack', '--json', '--pack-destination', tarballs];
  const printed = await run('pnpm', options, root);
  // What the packages' own scripts print comes first.
  const packed: { name: string; filename: string }[] = JSON.parse(printed.slice(printed.search(/^\[/m)));
  expect(packed.length).toBe(names.length);
  const offers = [];
  for (const { filename } of packed) {
    const manifest = JSON.parse(await run('tar', ['-xzOf', filename, 'package/package.json']));
    offers.push({ manifest, path: filename });
  }
  const registry = await openRegistry(root, offers);
  try {
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel', 'error'];
    // No package needs a script that runs when it is installed.
    const alone = ['--ignore-scripts', '--registry', registry.url, '--noproxy', '127.0.0.1'];
    const wanted = ['@types/node', ...packed.map(({ name }) => name)];
    await run('npm', ['install', ...quiet, ...alone, '--cache', join(project, 'cache'), ...wanted]);
  } finally {
    await registry.close();
  }
}

/** The one program in a package's README. */
function example(name: string): string {
  const blocks = [
    ...readFileSync(join(project, 'node_modules/@anke', name, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms),
  ];
  expect(blocks.length, `programs in the README of ${name}`).toBe(1);
  return blocks[0]?.[1] ?? '';
}

/** Trains the model of the documentation on synthetic digits. */
const OWN_MODEL = `
import { mkdirSync, writeFileSync } from 'node:fs';
import { synthesize, writeCompetition } from '@anke/data';
import { digitOutlines } from '@anke/files';
import { trainOwnModel } from './own-model.js';

mkdirSync('digits');
writeCompetition(await synthesize(digitOutlines(), { train: 300, test: 10, seed: 3 }), (name, content) =>
  writeFileSync(\`digits/\${name}\`, content),
);
const { weights, accuracy } = await trainOwnModel('digits', 8);
console.log(JSON.stringify({ bytes: weights.length, accuracy }));
`;

beforeAll(async () => {
  await install();
  const all = names.flatMap(entries);
  const imports = all.map((entry, i) => `import * as package${i} from '${entry}';`);
  const counts = all.map((entry, i) => `console.log('${entry}', Object.keys(package${i}).length);`);
  writeFileSync(join(project, 'entries.ts'), [...imports, ...counts, ''].join('\n'));
  for (const name of names) writeFileSync(join(project, `${name}.ts`), example(name));
  copyFileSync(join(import.meta.dirname, 'examples/own-model.ts'), join(project, 'own-model.ts'));
  writeFileSync(join(project, 'train-own-model.ts'), OWN_MODEL);
  const compilerOptions = {
    ...{ strict: true, skipLibCheck: false, noEmitOnError: true },
    ...{ target: 'ES2023', module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2023', 'DOM'], types: ['node'] },
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
});

describe.each(names)('%s', (name) => {
  const folder = join(project, 'node_modules/@anke', name);

  test('its tarball holds what its exports name, a README, the licence, and no test', () => {
    const { exports } = published(name);
    for (const { types, 'types@<6': older = types, default: code, ...others } of Object.values(exports)) {
      expect(others).toEqual({});
      for (const file of [types, older]) expect(file).toMatch(/^\.\/dist\/.*\.d\.ts$/);
      for (const file of [types, older, code]) expect(existsSync(join(folder, file as string)), file).toBe(true);
    }
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`npm install @anke/${name}`);
    expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'));
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /\.test\.|testing/.test(file))).toEqual([]);
  });

  test('its source maps lead to sources that are there', () => {
    const dist = join(folder, 'dist');
    const maps = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(0);
    const missing = maps.flatMap((map) =>
      (json(join(dist, map)).sources as string[])
        .map((source) => normalize(join(dist, map, '..', source)))
        .filter((source) => !existsSync(source)),
    );
    expect(missing).toEqual([]);
  });

  test('its manifest is fit for a registry', () => {
    const manifest = published(name);
    expect(manifest).toMatchObject({ name: `@anke/${name}`, license: 'MIT', type: 'module', sideEffects: false });
    expect(manifest.private).toBeUndefined();
    expect(manifest.description.length).toBeGreaterThan(20);
    expect(manifest.version).toBe(published(names[0] as string).version);
    expect(manifest.engines).toEqual(json(join(root, 'package.json')).engines);
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:|anke-source/);
  });
});

test.each(['typescript', 'typescript-5'])('all of it type-checks under strict by %s', async (compiler) => {
  const { bin } = json(join(root, 'node_modules', compiler, 'package.json'));
  await run(process.execPath, [join(root, 'node_modules', compiler, bin.tsc), '-p', project]);
});

test('npm, which would leave "workspace:" for versions, does not pack', async () => {
  const packed = spawnSync('npm', ['pack', '--dry-run'], {
    cwd: join(root, 'packages/nn'),
    encoding: 'utf8',
    shell: windows,
  });
  expect(packed.status).not.toBe(0);
  expect(packed.stderr).toContain('anke: packages are packed by pnpm: "pnpm pack" or "pnpm publish"');
});

test('every entry can be imported by plain Node', async () => {
  const lines = (await run(process.execPath, ['entries.js'])).trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(names.flatMap(entries));
  for (const line of lines) expect(Number(line.split(' ')[1]), line).toBeGreaterThan(0);
});

test.each(names)('the program in the README of %s runs', async (name) => {
  await run(process.execPath, [`${name}.js`]);
});

test('the model of the documentation trains', async () => {
  const output = await run(process.execPath, ['train-own-model.js']);
  const { bytes, accuracy } = JSON.parse(output);
  // 9,658 parameters of four bytes, and a header.
  expect(bytes).toBeGreaterThan(4 * 9658);
  // By chance it would be 0.1, and with 60 images that are held out 0.22 at the very most (three standard deviations).
  expect(accuracy).toBeGreaterThan(0.3);
});

/** `pnpm reference`: the references of commands, recipes and the packages' API, written into a folder. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const own = dirname(fileURLToPath(import.meta.url));
const folder = resolvePath(process.argv[2]);
const built = (folder, file) => import(pathToFileURL(join(own, '../..', folder, 'dist', file)).href);

mkdirSync(folder, { recursive: true });
const { createProgram } = await built('apps/cli', 'program.js');
const { commandReference } = await built('apps/cli', 'reference.js');
writeFileSync(join(folder, 'commands.md'), commandReference(createProgram()));
const { recipeJsonSchema, sweepJsonSchema } = await built('packages/training', 'index.js');
writeFileSync(join(folder, 'recipe.schema.json'), `${JSON.stringify(await recipeJsonSchema(), null, 2)}\n`);
writeFileSync(join(folder, 'sweep.schema.json'), `${JSON.stringify(await sweepJsonSchema(), null, 2)}\n`);

const { resolve } = createRequire(import.meta.url);
const typedoc = join(dirname(resolve('typedoc/package.json')), 'bin/typedoc');
const options = ['--options', join(own, 'typedoc.json'), '--tsconfig', join(own, 'tsconfig.json')];
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [typedoc, ...options, '--logLevel', 'Warn', '--treatWarningsAsErrors', '--out', join(folder, 'api')],
  { cwd: own, encoding: 'utf8' },
);
if (status !== 0) process.stderr.write(`${stdout}${stderr}`);
process.exitCode = status;

/**
 * The entry of `npm start`, `npm test`, `pnpm anke`, `pnpm reference`, `pnpm soak`, `pnpm fuzz`, `pnpm bench:peers` and
 * `pnpm bench:csv`: installs and builds what is missing, then runs the command.
 */
import { join } from 'node:path';
import { root } from './folders.mjs';
import { fail } from './messages.mjs';
import { installAside, installTensorBoard, prepare } from './prepare.mjs';
import { run } from './tool.mjs';

const anke = (args, environment, folder) =>
  run(process.execPath, [join(root, 'apps', 'cli', 'dist', 'main.js'), ...args], environment, folder);

/** The main job on synthetic digits, with few enough epochs for a machine without a GPU. */
const start = (environment) => anke(['notebook', '--adam-epochs', '4', '--sgd-epochs', '2'], environment);

async function test(environment) {
  const steps = [
    ['biome', ['check', '--error-on-warnings', '.']],
    ['tsc', ['-p', 'test/tsconfig.json', '--noEmit']],
    ['vitest', ['run']],
  ];
  await installAside('test/readers', environment);
  await installAside('setup/reference', environment);
  await installTensorBoard(environment);
  for (const [program, args] of steps) {
    const code = await run(
      join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${program}.cmd` : program),
      args,
      environment,
    );
    if (code !== 0) return code;
  }
  return 0;
}

/** Writes docs/commands.md, docs/recipe.schema.json and docs/api anew. */
async function reference(environment) {
  await installAside('setup/reference', environment);
  return await run(process.execPath, [join(root, 'setup', 'reference', 'write.mjs'), join(root, 'docs')], environment);
}

/** Whether memory stays level over many steps and many models. */
const soak = (args, environment) =>
  run(process.execPath, ['--expose-gc', join(root, 'test', 'soak.mjs'), ...args], environment);

async function benchPeers(program, args, environment) {
  await installAside('test/peers', environment);
  const peers = { INIT_CWD: process.cwd(), ...environment };
  return await run(process.execPath, ['--import', 'tsx', program, ...args], peers, join(root, 'test', 'peers'));
}

/** Changed files for every reader, read by the sources as they are. */
function fuzz(args, environment) {
  installAside('test/fuzz', environment);
  const options = ['--import', 'tsx', '--conditions=anke-source'];
  const caller = { INIT_CWD: process.cwd(), ...environment };
  return run(process.execPath, [...options, 'run.ts', ...args], caller, join(root, 'test', 'fuzz'));
}

const [what, ...args] = process.argv.slice(2);
const environment = await prepare();
// Paths are relative to the folder that the user is in: pnpm and npm pass it in INIT_CWD.
if (what === 'start') process.exitCode = await start(environment);
else if (what === 'test') process.exitCode = await test(environment);
else if (what === 'anke') process.exitCode = await anke(args, environment, process.env.INIT_CWD ?? process.cwd());
else if (what === 'reference') process.exitCode = await reference(environment);
else if (what === 'soak') process.exitCode = await soak(args, environment);
else if (what === 'bench:peers') process.exitCode = await benchPeers('bench.ts', args, environment);
else if (what === 'bench:csv') process.exitCode = await benchPeers('bench-csv.ts', args, environment);
else if (what === 'fuzz') process.exitCode = await fuzz(args, environment);
else
  fail(`setup/run.mjs knows start, test, anke, reference, soak, fuzz, bench:peers and bench:csv, not "${what ?? ''}"`);

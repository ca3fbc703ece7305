/**
 * The entry of `npm start`, `npm test` and the other scripts of package.json that need what is built here: installs and
 * builds what is missing, then runs the command. The command `anke` has its own, `anke.mjs`.
 */
import { join } from 'node:path';
import { audit } from './audit.mjs';
import { ankeProgram, root } from './folders.mjs';
import { checkLicences, writeLicences } from './licences.mjs';
import { fail } from './messages.mjs';
import { installAside, installTensorBoard, prepare } from './prepare.mjs';
import { run } from './tool.mjs';

/** The main job on synthetic digits, with few enough epochs for a machine without a GPU. */
const start = (environment) =>
  run(process.execPath, [ankeProgram, 'notebook', '--adam-epochs', '4', '--sgd-epochs', '2'], {
    ...environment,
    ANKE_COMMAND: './anke',
  });

async function test(environment) {
  const steps = [
    ['biome', ['check', '--error-on-warnings', '.']],
    ['tsc', ['-p', 'test/tsconfig.json', '--noEmit']],
    ['vitest', ['run']],
  ];
  await installAside('test/readers', environment);
  await installAside('setup/reference', environment);
  await installTensorBoard(environment);
  await checkLicences(environment);
  await audit(environment);
  for (const [program, args] of steps) {
    const code = await run(
      join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${program}.cmd` : program),
      args,
      { ...environment, ANKE_ADAPTERS: 'all' },
    );
    if (code !== 0) return code;
  }
  return 0;
}

/** Writes docs/commands.md, the schemas and docs/api anew. */
async function reference(environment) {
  await installAside('setup/reference', environment);
  return await run(process.execPath, [join(root, 'setup', 'reference', 'write.mjs'), join(root, 'docs')], environment);
}

/** Whether memory stays level over many steps and many models. */
const soak = (args, environment) =>
  run(process.execPath, ['--expose-gc', join(root, 'test', 'soak.mjs'), ...args], environment);

/** Kills the program at random moments, and looks at what is left. */
const kills = (args, environment) => run(process.execPath, [join(root, 'test', 'kills.mjs'), ...args], environment);

async function benchPeers(program, args, environment) {
  await installAside('test/peers', environment);
  const peers = { INIT_CWD: process.cwd(), ...environment };
  return await run(process.execPath, ['--import', 'tsx', program, ...args], peers, join(root, 'test', 'peers'));
}

/** Changed files for every reader, read by the sources as they are. */
async function fuzz(args, environment) {
  await installAside('test/fuzz', environment);
  const options = ['--import', 'tsx', '--conditions=anke-source'];
  const caller = { INIT_CWD: process.cwd(), ...environment };
  return await run(process.execPath, [...options, 'run.ts', ...args], caller, join(root, 'test', 'fuzz'));
}

/** The pictures at the head of the README, of a run that is made for them. */
async function pictures(environment) {
  await installAside('test/fuzz', environment); // for what runs TypeScript
  await installAside('test/readers', environment);
  const options = ['--import', 'tsx', '--conditions=anke-source'];
  const program = join(root, 'test', 'pictures.ts');
  const folder = join(root, 'docs', 'gallery');
  return await run(process.execPath, [...options, program, folder], environment, join(root, 'test', 'fuzz'));
}

/** Opens the page that trains in a browser, and looks whether its memory stays level, or how fast it is. */
async function withWebPage(program, args, environment) {
  await installAside('test/fuzz', environment); // for what runs TypeScript
  await installAside('test/readers', environment);
  const options = ['--import', 'tsx', '--conditions=anke-source', join(root, 'test', program)];
  return await run(process.execPath, [...options, ...args], environment, join(root, 'test', 'fuzz'));
}

const web = join(root, 'apps', 'web');
const vite = (args, environment) =>
  run(process.execPath, [join(web, 'node_modules', 'vite', 'bin', 'vite.js'), ...args], environment, web);

/** Bundles the page that trains in a browser into apps/web/dist, and serves it to this computer alone. */
const openWeb = async (args, environment) =>
  (await vite(['build'], environment)) || (await vite(['preview', ...args], environment));

const [what, ...args] = process.argv.slice(2);
const environment = await prepare();
const commands = {
  start: () => start(environment),
  test: () => test(environment),
  kills: () => kills(args, environment),
  reference: () => reference(environment),
  licences: () => writeLicences(environment),
  soak: () => soak(args, environment),
  'web-soak': () => withWebPage('web-soak.ts', args, environment),
  'web-speed': () => withWebPage('web-speed.ts', args, environment),
  web: () => openWeb(args, environment),
  'web:build': () => vite(['build', ...args], environment),
  pictures: () => pictures(environment),
  'load-test': () => run(process.execPath, [join(root, 'test', 'load', 'main.mjs'), ...args], environment),
  fuzz: () => fuzz(args, environment),
  'bench:peers': () => benchPeers('bench.ts', args, environment),
  'bench:csv': () => benchPeers('bench-csv.ts', args, environment),
};
const command =
  commands[what] ?? (() => fail(`setup/run.mjs knows ${Object.keys(commands).join(', ')}, not "${what}"`));
process.exitCode = await command();

/**
 * The entry of `npm start`, `npm test`, `pnpm anke`, `pnpm reference`, `pnpm bench:peers` and `pnpm bench:csv`:
 * installs and builds what is missing, then runs the command. It uses nothing but Node and npm, so that it runs on a
 * fresh clone. What is up to date is not built again.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, '.cache');
const OLDEST_NODE = [20, 19];

/** What Dawn prints about two limits on every start; nothing that a user could act on. */
const NOISE = /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced/;

const say = (line) => process.stderr.write(`${line}\n`);

function fail(message) {
  say(`anke: ${message}`);
  process.exit(1);
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The environment for all that is run: under a read-only home, caches lie in the project. */
function toolEnvironment() {
  const environment = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', npm_config_update_notifier: 'false' };
  if (!isWritable(homedir())) {
    environment.npm_config_cache = join(cache, 'npm');
    environment.ANKE_CACHE ??= join(cache, 'anke');
    for (const name of ['CACHE', 'DATA', 'STATE', 'CONFIG'])
      environment[`XDG_${name}_HOME`] = join(cache, 'xdg', name.toLowerCase());
  }
  return environment;
}

/** Runs a tool to its end; its output is shown only if it fails. */
function tool(what, program, args, environment) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  say(`${stdout ?? ''}${stderr ?? ''}`.trimEnd());
  fail(`${what} failed${error ? `: ${error.message}` : ''}; with a working network, run the same command again`);
}

/** A hash of files' names, times and sizes, or of their content where that is what counts. */
function fingerprint(paths, byContent) {
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(path);
    if (byContent) hash.update(readFileSync(join(root, path)));
    else {
      const { mtimeMs, size } = statSync(join(root, path));
      hash.update(`${mtimeMs} ${size}`);
    }
  }
  return hash.digest('hex');
}

const packageFolders = () =>
  ['packages', 'apps']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name)))
    .concat('test');

/** Does `work`, unless `mark` returns what it returned after the last time. */
function once(name, mark, work) {
  const stamp = join(cache, name);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === mark()) return;
  work();
  writeFileSync(stamp, mark());
}

function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    fail(`Node ${OLDEST_NODE.join('.')} or later is needed, and this is ${process.versions.node}`);
  }
  try {
    mkdirSync(cache, { recursive: true });
  } catch (error) {
    fail(`${root} cannot be written (${error.code}); dependencies and builds go there`);
  }
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const environment = toolEnvironment();
  const pnpmFolder = join(cache, packageManager.replace('@', '-'));
  const commands = [pnpmFolder, root].map((folder) => join(folder, 'node_modules', '.bin'));
  environment.PATH = [...commands, process.env.PATH].join(delimiter);

  const manifests = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    ...packageFolders().map((folder) => join(folder, 'package.json')),
  ];
  const installed = () => existsSync(join(root, 'node_modules', '.modules.yaml'));
  once(
    'installed',
    () => `${fingerprint(manifests, true)} ${installed()}`,
    () => {
      if (!existsSync(join(pnpmFolder, 'node_modules', 'pnpm', 'package.json'))) {
        say(`Setting up: ${packageManager}`);
        mkdirSync(pnpmFolder, { recursive: true });
        writeFileSync(join(pnpmFolder, 'package.json'), '{ "private": true }');
        tool(
          'installing pnpm',
          'npm',
          ['install', '--prefix', pnpmFolder, '--no-audit', '--no-fund', '--loglevel', 'error', packageManager],
          environment,
        );
      }
      say('Setting up: dependencies, as the lockfile has them');
      // Without a terminal, pnpm would not dare to replace a node_modules folder of another version.
      tool(
        'installing the dependencies',
        'pnpm',
        ['install', '--frozen-lockfile', '--prefer-offline', '--config.confirmModulesPurge=false'],
        environment,
      );
    },
  );
  const sources = packageFolders()
    .filter((folder) => existsSync(join(root, folder, 'src')))
    .flatMap((folder) => [
      join(folder, 'tsconfig.json'),
      ...readdirSync(join(root, folder, 'src'), { recursive: true })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(folder, 'src', file)),
    ]);
  const built = () => packageFolders().filter((folder) => existsSync(join(root, folder, 'dist'))).length;
  once(
    'built',
    () => `${fingerprint(['tsconfig.base.json', ...sources], false)} ${built()}`,
    () => {
      say('Setting up: building the packages');
      tool('the build', 'turbo', ['run', 'build', '--output-logs=errors-only'], environment);
    },
  );
  return environment;
}

/** Runs a program with this terminal and waits for it; Dawn's noise is left out of stderr. */
function run(program, args, environment, folder = root) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: folder, env: environment, stdio: ['inherit', 'inherit', 'pipe'] });
    let line = '';
    child.stderr.on('data', (data) => {
      const lines = `${line}${data}`.split('\n');
      line = lines.pop();
      for (const whole of lines) if (!NOISE.test(whole)) process.stderr.write(`${whole}\n`);
      if (line !== '' && !'Warning: maxDynamic'.startsWith(line.slice(0, 19))) {
        process.stderr.write(line);
        line = '';
      }
    });
    // A terminal sends Ctrl-C to both; the child decides what to do about it.
    const onInterrupt = () => undefined;
    const onTerminate = () => child.kill('SIGTERM');
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onTerminate);
    child.on('error', (error) => fail(`${program}: ${error.message}`));
    child.on('close', (code, signal) => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      if (line !== '') process.stderr.write(line);
      resolve(signal ? 130 : code);
    });
  });
}

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
  installAside('test/readers', environment);
  installAside('setup/reference', environment);
  installTensorBoard(environment);
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

/** Installs a project of its own, which only some commands need. */
function installAside(folder, environment) {
  once(
    `installed-${folder.replace('/', '-')}`,
    () => `${fingerprint([join(folder, 'pnpm-lock.yaml')], true)} ${existsSync(join(root, folder, 'node_modules'))}`,
    () => {
      say(`Setting up: ${folder}`);
      const where = ['--dir', join(root, folder), '--ignore-workspace'];
      tool(`installing ${folder}`, 'pnpm', ['install', ...where, '--frozen-lockfile', '--prefer-offline'], environment);
    },
  );
}

/** Writes docs/commands.md, docs/recipe.schema.json and docs/api anew. */
async function reference(environment) {
  installAside('setup/reference', environment);
  return await run(process.execPath, [join(root, 'setup', 'reference', 'write.mjs'), join(root, 'docs')], environment);
}

/** Installs TensorBoard, which a test reads event files with, if there is a Python; else that test is skipped. */
function installTensorBoard(environment) {
  const venv = join(root, 'test', 'readers', '.venv');
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  once(
    'installed-tensorboard',
    () => `1 ${existsSync(python)}`,
    () => {
      say('Setting up: TensorBoard, in a Python environment of its own');
      const options = { cwd: root, env: environment, encoding: 'utf8' };
      const system = process.platform === 'win32' ? 'python' : 'python3';
      const made = spawnSync(system, ['-m', 'venv', venv], options);
      const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '20', 'tensorboard'];
      const installed = made.status === 0 ? spawnSync(python, pip, options) : made;
      if (installed.status === 0) return;
      rmSync(venv, { recursive: true, force: true });
      say('Setting up: TensorBoard cannot be installed here; its test will be skipped');
    },
  );
}

function benchPeers(program, args, environment) {
  installAside('test/peers', environment);
  const peers = { INIT_CWD: process.cwd(), ...environment };
  return run(process.execPath, ['--import', 'tsx', program, ...args], peers, join(root, 'test', 'peers'));
}

const [what, ...args] = process.argv.slice(2);
const environment = prepare();
// Paths are relative to the folder that the user is in: pnpm and npm pass it in INIT_CWD.
if (what === 'start') process.exitCode = await start(environment);
else if (what === 'test') process.exitCode = await test(environment);
else if (what === 'anke') process.exitCode = await anke(args, environment, process.env.INIT_CWD ?? process.cwd());
else if (what === 'reference') process.exitCode = await reference(environment);
else if (what === 'bench:peers') process.exitCode = await benchPeers('bench.ts', args, environment);
else if (what === 'bench:csv') process.exitCode = await benchPeers('bench-csv.ts', args, environment);
else fail(`setup/run.mjs knows start, test, anke, reference, bench:peers and bench:csv, not "${what ?? ''}"`);

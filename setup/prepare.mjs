/**
 * Installs and builds what is missing. It uses nothing but Node, npm and tar, so that it runs on a fresh clone; what is
 * up to date is not built again. Killed at any moment, it leaves a clone in which the next set-up goes on.
 */
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
import { delimiter, join } from 'node:path';
import { cache, root } from './folders.mjs';
import { alone } from './lock.mjs';
import { fail, say } from './messages.mjs';
import { installPnpm, pnpmCommands } from './pnpm.mjs';
import { output, tool } from './tool.mjs';

const OLDEST_NODE = [20, 19];

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
  environment.PATH = [pnpmCommands, join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  return environment;
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
async function once(name, mark, work) {
  const stamp = join(cache, name);
  const isDone = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === mark();
  if (isDone()) return;
  try {
    await alone(async () => {
      if (isDone()) return;
      // From here on, what the stamp tells is no longer so, also if this is killed.
      rmSync(stamp, { force: true });
      await work();
      writeFileSync(stamp, mark());
    });
  } catch (error) {
    if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error;
    fail(`${error.path ?? cache}: the disk is full; make room, and run the same command again`);
  }
}

/** Sets the clone up, and returns the environment for what is run in it. */
export async function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    fail(`Node ${OLDEST_NODE.join('.')} or later is needed, and this is ${process.versions.node}`);
  }
  try {
    mkdirSync(cache, { recursive: true });
  } catch (error) {
    fail(`${root} cannot be written (${error.code}); dependencies and builds go there`);
  }
  const environment = toolEnvironment();
  await installDependencies(environment);
  await build(environment);
  return environment;
}

async function installDependencies(environment) {
  const manifests = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    ...packageFolders().map((folder) => join(folder, 'package.json')),
  ];
  const installed = () => existsSync(join(root, 'node_modules', '.modules.yaml'));
  await once(
    'installed',
    () => `${fingerprint(manifests, true)} ${installed()} ${existsSync(pnpmCommands)}`,
    async () => {
      await installPnpm(environment);
      say('Setting up: dependencies, as the lockfile has them');
      // Without a terminal, pnpm would not dare to replace a node_modules folder of another version.
      await tool(
        'installing the dependencies',
        'pnpm',
        ['install', '--frozen-lockfile', '--prefer-offline', '--config.confirmModulesPurge=false'],
        environment,
      );
    },
  );
}

async function build(environment) {
  const sources = packageFolders()
    .filter((folder) => existsSync(join(root, folder, 'src')))
    .flatMap((folder) => [
      join(folder, 'tsconfig.json'),
      ...readdirSync(join(root, folder, 'src'), { recursive: true })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(folder, 'src', file)),
    ]);
  const built = () => packageFolders().filter((folder) => existsSync(join(root, folder, 'dist'))).length;
  await once(
    'built',
    () => `${fingerprint(['tsconfig.base.json', ...sources], false)} ${built()}`,
    async () => {
      say('Setting up: building the packages');
      await tool('the build', 'turbo', ['run', 'build', '--output-logs=errors-only'], environment);
    },
  );
}

/** Installs a project of its own, which only some commands need. */
export async function installAside(folder, environment) {
  await once(
    `installed-${folder.replace('/', '-')}`,
    () => `${fingerprint([join(folder, 'pnpm-lock.yaml')], true)} ${existsSync(join(root, folder, 'node_modules'))}`,
    async () => {
      say(`Setting up: ${folder}`);
      const where = ['--dir', join(root, folder), '--ignore-workspace'];
      const install = ['install', ...where, '--frozen-lockfile', '--prefer-offline'];
      await tool(`installing ${folder}`, 'pnpm', install, environment);
    },
  );
}

/**
 * Installs TensorBoard, which a test reads event files with, if there is a Python that can have it; else that test is
 * skipped. Its packages are the ones whose hashes `requirements.txt` has, and none of them is built here.
 */
export async function installTensorBoard(environment) {
  const readers = join('test', 'readers');
  const venv = join(root, readers, '.venv');
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const requirements = join(readers, 'requirements.txt');
  await once(
    'installed-tensorboard',
    () => `${fingerprint([requirements], true)} ${existsSync(python)}`,
    async () => {
      say('Setting up: TensorBoard, in a Python environment of its own');
      rmSync(venv, { recursive: true, force: true });
      const system = process.platform === 'win32' ? 'python' : 'python3';
      const made = await output(system, ['-m', 'venv', venv], environment);
      const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '20'];
      const pinned = ['--no-deps', '--require-hashes', '--only-binary', ':all:', '--requirement', requirements];
      const installed = made.status === 0 ? await output(python, [...pip, ...pinned], environment) : made;
      if (installed.status === 0) return;
      rmSync(venv, { recursive: true, force: true });
      say('Setting up: TensorBoard cannot be installed here; its test will be skipped');
    },
  );
}

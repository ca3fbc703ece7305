/**
 * Drivers fetched from servers on this machine that have been tampered with, onto a full disk, and interrupted. If
 * these failed, whoever sits between this machine and a registry could have its libraries loaded, or set-up would hang.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheFolder } from './cache.js';
import { run } from './command.js';
import { install } from './install.js';
import { lavapipe } from './lavapipe.js';
import { swiftShader } from './swiftshader.js';

const isRoot = process.getuid?.() === 0;
const isDebian = process.platform === 'linux' && existsSync('/usr/bin/apt-get') && existsSync('/etc/debian_version');
let parent = '';
let server: Server | undefined;
beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), 'anke-fetch-')));
});
afterEach(() => {
  vi.unstubAllEnvs();
  server?.close();
  server = undefined;
  rmSync(parent, { recursive: true });
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const silent = (): void => undefined;

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'another tarball of SwiftShader than the one that is known is refused',
  async () => {
    mkdirSync(join(parent, 'package/bin'), { recursive: true });
    const manifest = { name: '@sparticuz/chromium', version: '137.0.1' };
    writeFileSync(join(parent, 'package/package.json'), JSON.stringify(manifest));
    writeFileSync(join(parent, 'package/bin/swiftshader.tar.br'), 'evil');
    execFileSync('tar', ['-czf', 'evil.tgz', 'package'], { cwd: parent });
    const tarball = readFileSync(join(parent, 'evil.tgz'));
    const url = await serve((request, response) => {
      if (request.url?.endsWith('.tgz')) return response.end(tarball);
      const versions = { '137.0.1': { ...manifest, dist: { tarball: `${url}/evil.tgz` } } };
      return response.end(JSON.stringify({ name: manifest.name, 'dist-tags': { latest: '137.0.1' }, versions }));
    });
    vi.stubEnv('npm_config_registry', url);
    mkdirSync(join(parent, 'cache'));
    await expect(install(join(parent, 'cache/swiftshader'), swiftShader, silent)).rejects.toThrow(
      /^the registry.s @sparticuz\/chromium@137.0.1 is not the one that is known: expected sha512-9ixW.*, found sha512/,
    );
    expect(readdirSync(join(parent, 'cache'))).toEqual([]);
  },
);

test.runIf(isDebian)(
  'package lists that nobody has signed are refused, whatever the system’s settings allow',
  async () => {
    const asked: string[] = [];
    const { VERSION_CODENAME: codename = '' } = Object.fromEntries(
      readFileSync('/etc/os-release', 'utf8')
        .split('\n')
        .map((line) => line.split('=')),
    );
    const url = await serve((request, response) => {
      asked.push(request.url ?? '');
      // A list without packages, and without a signature: what counts is whether it is taken.
      if (/\/Release$/.test(request.url ?? '')) response.end(`Suite: ${codename}\nCodename: ${codename}\n`);
      else response.writeHead(404).end();
    });
    writeFileSync(join(parent, 'sources.list'), `deb [trusted=yes] ${url} ${codename} main\n`);
    const settings = [
      'APT::Get::AllowUnauthenticated "true";',
      'Acquire::AllowInsecureRepositories "true";',
      'Acquire::AllowDowngradeToInsecureRepositories "true";',
      `Dir::Etc::SourceList "${join(parent, 'sources.list')}";`,
      'Dir::Etc::SourceParts "/dev/null";',
    ];
    writeFileSync(join(parent, 'apt.conf'), settings.join('\n'));
    vi.stubEnv('APT_CONFIG', join(parent, 'apt.conf'));
    await expect(install(join(parent, 'lavapipe'), lavapipe, silent)).rejects.toThrow(/is not signed/);
    expect(asked.some((path) => path.endsWith('Release'))).toBe(true);
    expect(existsSync(join(parent, 'lavapipe'))).toBe(false);
  },
);

/** A file system with room for little, as root alone can make one. */
function smallDisk(): string | undefined {
  const disk = join(parent, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', disk]);
  return mounted.status === 0 ? disk : undefined;
}

test.runIf(isRoot && process.platform === 'linux')(
  'a program that fills the disk and hangs is ended',
  async ({ skip }) => {
    const disk = smallDisk();
    if (disk === undefined) return skip('no file system can be mounted here');
    try {
      const program = `cat /dev/zero > '${disk}/zeros' 2>/dev/null; sleep 600`;
      await expect(run('sh', ['-c', program], { fills: disk })).rejects.toThrow(`the disk of ${disk} is full`);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  },
);

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends the programs that are running, and what they have started, too',
  async (signal) => {
    const pids = join(parent, 'pids');
    const built = join(parent, 'command.mjs');
    await build({ input: join(import.meta.dirname, 'command.ts'), platform: 'node', output: { file: built } });
    const program = `import(${JSON.stringify(pathToFileURL(built).href)}).then(({ run }) =>
      run('sh', ['-c', 'sleep 600 & echo $! $$ > ${pids}.draft; mv ${pids}.draft ${pids}; wait'])
        .catch(({ name }) => console.log(name)))`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.on('data', (data: Buffer) => {
      printed += data.toString();
    });
    while (!existsSync(pids)) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    await once(child, 'close');
    expect(printed).toBe('InterruptedError\n');
    for (const pid of readFileSync(pids, 'utf8').trim().split(' ').map(Number)) {
      await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 10_000 });
    }
  },
);

const mesa = join(cacheFolder('vulkan'), 'lavapipe');
test.runIf(existsSync(mesa))('a truncated driver in the cache is named, and does not crash the process', ({ skip }) => {
  cpSync(mesa, join(parent, 'cache/vulkan/lavapipe'), { recursive: true, verbatimSymlinks: true });
  chmodSync(join(parent, 'cache'), 0o700);
  const files = readdirSync(join(parent, 'cache'), { recursive: true, encoding: 'utf8' });
  const library = files.find((name) => name.endsWith('libvulkan_lvp.so')) as string;
  truncateSync(join(parent, 'cache', library), 100_000);
  const built = pathToFileURL(join(import.meta.dirname, '../dist/index.js')).href;
  const program = `import(${JSON.stringify(built)}).then(({ openAdapter }) => openAdapter(console.log))
    .then(({ why }) => console.log(why), (error) => { console.log(error.name); process.exit(1); })`;
  // Without apt-get and npm, so that nothing is fetched in its place.
  const environment = { ...process.env, ANKE_CACHE: join(parent, 'cache'), PATH: parent };
  const { status, stdout } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', env: environment });
  if (status === 0 && stdout.includes('the system has a')) return skip('the system has an adapter of its own');
  expect(stdout).toMatch(/lavapipe is damaged: .*libvulkan_lvp.so has 100000 bytes, and \d+ were installed/);
  expect(stdout).toMatch(/DriverError\n$/);
  expect(status).toBe(1);
});

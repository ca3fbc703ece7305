/**
 * Mesa's lavapipe from the distribution's own package archive, unpacked into a folder. apt-get works on lists, a cache
 * and sources of its own there, so that it needs no root and changes nothing in the system. It takes only lists that
 * the distribution has signed, and packages whose hashes they have, whatever the system's own settings allow.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InterruptedError, run } from './command.js';
import { describeDriver } from './driver.js';
import type { Installer } from './install.js';

interface Release {
  readonly keyring: string;
  readonly components: string;
  /** Where to look for the driver, in this order. */
  readonly suites: readonly string[];
  /** Where else the packages that it needs may come from. */
  readonly others: readonly string[];
}

/** Dawn refuses older ones: they lack dynamic indexing of uniform arrays. */
const OLDEST_MESA = 23;

function thisRelease(): Release {
  const fields = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(fields)?.[1] ?? '';
  const codename = field('VERSION_CODENAME');
  if (codename && field('ID') === 'debian') {
    return {
      keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
      components: 'main',
      suites: [codename, `${codename}-backports`],
      others: [`${codename}-updates`],
    };
  }
  const ubuntu = field('UBUNTU_CODENAME');
  if (ubuntu) {
    return {
      keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
      components: 'main universe',
      suites: [ubuntu, `${ubuntu}-updates`],
      others: [],
    };
  }
  throw new Error(
    `packages are known for Debian and Ubuntu only, and this is ${field('PRETTY_NAME') || process.platform}`,
  );
}

/** The archive that the machine already uses for its release: it is reachable and close. */
async function archiveSite(release: Release): Promise<string> {
  // Also those of which no list has been read yet, as in a fresh container.
  const targets = await run('apt-get', ['indextargets', '--no-release-info', '--format', '$(SITE) $(RELEASE)']);
  const line = targets.split('\n').find((target) => target.split(' ')[1] === release.suites[0]);
  const site = line?.split(' ')[0];
  if (!site) throw new Error(`apt-get knows no source for ${release.suites[0]}`);
  return site;
}

/** What apt-get must not do, even if the system's settings let it. */
const SIGNED_ONLY = [
  'APT::Get::AllowUnauthenticated=false',
  'Acquire::AllowInsecureRepositories=false',
  'Acquire::AllowWeakRepositories=false',
  'Acquire::AllowDowngradeToInsecureRepositories=false',
];

/** Throws if this is neither Debian nor Ubuntu, the archive cannot be reached, or all its drivers are too old. */
export const lavapipe: Installer = { title: "Mesa's lavapipe", space: 450e6, fetch };

async function fetch(folder: string, say: (line: string) => void): Promise<void> {
  const release = thisRelease();
  const work = join(folder, 'work');
  for (const part of ['lists/partial', 'archives/partial', 'debs']) mkdirSync(join(work, part), { recursive: true });
  mkdirSync(join(folder, 'root'));
  const site = await archiveSite(release);
  const sources = join(work, 'sources.list');
  const suites = [...release.suites, ...release.others];
  writeFileSync(
    sources,
    suites.map((suite) => `deb [signed-by=${release.keyring}] ${site} ${suite} ${release.components}\n`).join(''),
  );
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${join(work, 'lists')}`,
    `Dir::Cache=${work}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    ...SIGNED_ONLY,
  ].flatMap((option) => ['-o', option]);
  say('reading the package lists');
  await run('apt-get', [...options, '-qq', 'update'], { fills: work });

  let files: string[] = [];
  let version = '';
  for (const suite of release.suites) {
    const listed = await run('apt-get', [
      ...options,
      ...['--print-uris', '-qq', '-y', '--no-install-recommends', '--reinstall', 'install'],
      ...[`mesa-vulkan-drivers/${suite}`, 'libvulkan1'],
    ]).catch((error) => {
      if (error instanceof InterruptedError) throw error;
      return '';
    });
    const names = listed.split('\n').flatMap((line) => /^'[^']+' (\S+\.deb) /.exec(line)?.[1] ?? []);
    const found = /^mesa-vulkan-drivers_([^_]+)_/.exec(
      names.map(decodeURIComponent).find((name) => name.startsWith('mesa-vulkan-drivers_')) ?? '',
    )?.[1];
    if (!found) continue;
    version = found.replace(/^\d+:/, '');
    files = names;
    if (Number.parseInt(version, 10) >= OLDEST_MESA) break;
  }
  if (Number.parseInt(version || '0', 10) < OLDEST_MESA) {
    throw new Error(`the archive has ${version ? `Mesa ${version}, which Dawn refuses` : 'no Mesa driver'}`);
  }

  say(`downloading Mesa ${version} (${files.length} packages)`);
  const wanted = files.map((file) => {
    const [name = '', packageVersion = ''] = decodeURIComponent(file).split('_');
    return `${name}=${packageVersion}`;
  });
  await run('apt-get', [...options, '-qq', 'download', ...wanted], { folder: join(work, 'debs'), fills: work });
  for (const file of readdirSync(join(work, 'debs'))) {
    await run('dpkg-deb', ['-x', join(work, 'debs', file), join(folder, 'root')], { fills: work });
  }
  rmSync(work, { recursive: true });
  describeDriver(folder, `Mesa lavapipe ${version}`, 'libvulkan_lvp.so', '1.3.0');
}

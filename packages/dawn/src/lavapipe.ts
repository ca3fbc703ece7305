/**
 * Mesa's lavapipe from the distribution's own package archive, unpacked into a folder. apt-get works on lists, a cache
 * and sources of its own there, so that it needs no root and changes nothing in the system; it checks the archive's
 * signatures as always.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.js';
import { type Driver, findLibraries, writeDriver } from './driver.js';

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
  const targets = await run('apt-get', ['indextargets', '--format', '$(SITE) $(RELEASE)']);
  const line = targets.split('\n').find((target) => target.split(' ')[1] === release.suites[0]);
  const site = line?.split(' ')[0];
  if (!site) throw new Error(`apt-get knows no source for ${release.suites[0]}`);
  return site;
}

/**
 * Downloads lavapipe and what it needs, and unpacks it into `folder`.
 *
 * @throws if this is neither Debian nor Ubuntu, the archive cannot be reached, or it has only drivers that are too old
 */
export async function installLavapipe(folder: string, say: (line: string) => void): Promise<Driver> {
  const release = thisRelease();
  const work = join(folder, `work-${process.pid}`);
  try {
    for (const part of ['lists/partial', 'archives/partial', 'debs', 'root'])
      mkdirSync(join(work, part), { recursive: true });
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
    ].flatMap((option) => ['-o', option]);
    say('reading the package lists');
    await run('apt-get', [...options, '-qq', 'update']);

    let files: string[] = [];
    let version = '';
    for (const suite of release.suites) {
      const listed = await run('apt-get', [
        ...options,
        ...['--print-uris', '-qq', '-y', '--no-install-recommends', '--reinstall', 'install'],
        ...[`mesa-vulkan-drivers/${suite}`, 'libvulkan1'],
      ]).catch(() => '');
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
    await run('apt-get', [...options, '-qq', 'download', ...wanted], join(work, 'debs'));
    for (const file of readdirSync(join(work, 'debs'))) {
      await run('dpkg-deb', ['-x', join(work, 'debs', file), join(work, 'root')]);
    }
    return settle(folder, work, `Mesa lavapipe ${version}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Moves the unpacked tree to its final place and describes it. */
function settle(folder: string, work: string, name: string): Driver {
  const root = join(folder, 'root');
  rmSync(root, { recursive: true, force: true });
  renameSync(join(work, 'root'), root);
  const library = readdirSync(root, { recursive: true, withFileTypes: true }).find(
    ({ name: file }) => file === 'libvulkan_lvp.so',
  );
  if (!library) throw new Error('the Mesa package holds no libvulkan_lvp.so');
  const icd = join(folder, 'lavapipe.json');
  const description = {
    ICD: { api_version: '1.3.0', library_path: join(library.parentPath, library.name) },
    file_format_version: '1.0.0',
  };
  writeFileSync(icd, JSON.stringify(description));
  const driver = { name, icd, libraries: findLibraries(root) };
  writeDriver(folder, driver);
  return driver;
}

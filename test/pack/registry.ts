/**
 * A package registry on loopback that offers the packed packages and what this workspace has installed: with it npm
 * installs them into an empty project as it does for a user, and no network is needed.
 */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';

/** A `package.json`, as far as the registry reads it. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
}

interface Offer {
  readonly manifest: Manifest;
  /** A tarball, or the folder of an installed package. */
  readonly path: string;
}

export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Every package that pnpm has put below `node_modules/.pnpm`; links lead to another one's folder. */
function installedPackages(root: string): Offer[] {
  const store = join(root, 'node_modules/.pnpm');
  const folders = (parent: string) =>
    existsSync(parent) ? readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];
  return folders(store)
    .map(({ name }) => join(store, name, 'node_modules'))
    .flatMap((parent) =>
      folders(parent).flatMap(({ name }) =>
        name.startsWith('@')
          ? folders(join(parent, name)).map((inner) => join(parent, name, inner.name))
          : [join(parent, name)],
      ),
    )
    .filter((path) => existsSync(join(path, 'package.json')))
    .map((path) => ({ path, manifest: manifestOf(path) }));
}

function sendTarball({ path }: Offer, response: ServerResponse): void {
  if (path.endsWith('.tgz')) {
    createReadStream(path).pipe(response);
    return;
  }
  // pnpm links equal files to one another, and npm leaves links in a tarball out.
  const links = process.platform === 'linux' ? ['--hard-dereference'] : [];
  const tar = spawn('tar', ['-cf', '-', ...links, '--exclude=node_modules', '-C', dirname(path), basename(path)]);
  tar.stdout.pipe(response);
  tar.on('error', (error) => response.destroy(error));
}

/**
 * @param root the workspace's folder
 * @param packed the packages under test, with the manifests in their tarballs
 */
export async function openRegistry(root: string, packed: readonly Offer[]): Promise<Registry> {
  const offers = [...installedPackages(root), ...packed];
  const server = createServer((request, response) => {
    // `/@anke%2fnn` asks what there is of a package, `/@anke/nn/-/0.1.0.tgz` for one of its tarballs.
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const [name = '', file] = path.split('/-/');
    const versions = offers.filter(({ manifest }) => manifest.name === name);
    const asked = versions.find(({ manifest }) => `${manifest.version}.tgz` === file);
    if (asked) sendTarball(asked, response);
    else if (file !== undefined || versions.length === 0) response.writeHead(404).end('{}');
    else {
      const entries = versions.map(({ manifest }) => [
        manifest.version,
        { ...manifest, dist: { tarball: `http://${request.headers.host}/${name}/-/${manifest.version}.tgz` } },
      ]);
      const latest = versions.at(-1)?.manifest.version;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(entries) }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

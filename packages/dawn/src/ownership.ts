/**
 * Who could have put something into a folder. Libraries from it are loaded into this process: so nobody but this user
 * and root may be able to change it, or any folder above it. Linux and macOS alone have such owners.
 */
import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, relative, resolve } from 'node:path';

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;
/** In such a folder everybody may make files, but only rename or delete their own: `/tmp` is one. */
const STICKY = 0o1000;

/**
 * @param folder where libraries lie; what of it does not exist yet is not looked at
 * @param ours the folder from which on all are made for this purpose: these must be this user's own, and no links
 * @returns what is wrong, in words; undefined if nobody else can write there
 */
export function whyUnsafe(folder: string, ours: string): string | undefined {
  if (!process.getuid) return undefined;
  const parent = dirname(folder);
  const isOurs = !relative(ours, folder).startsWith('..');
  const above = parent === folder ? undefined : whyUnsafe(parent, ours);
  if (above !== undefined) return above;
  const facts = lstatSync(folder, { throwIfNoEntry: false });
  if (!facts) return undefined;
  if (isOurs) return whyNotOwn(folder, facts, process.getuid());
  if (facts.uid !== 0 && facts.uid !== process.getuid() && facts.uid !== unmappedUser())
    return `${folder} belongs to another user`;
  if (facts.isSymbolicLink()) return whyUnsafe(resolve(parent, readlinkSync(folder)), ours);
  return (facts.mode & STICKY) === 0 && isWritableByOthers(facts) ? writable(folder) : undefined;
}

function whyNotOwn(folder: string, facts: Stats, user: number): string | undefined {
  if (facts.isSymbolicLink()) return `${folder} is a symbolic link; name the folder that it leads to`;
  if (facts.uid !== user) return `${folder} belongs to another user`;
  return isWritableByOthers(facts) ? writable(folder) : undefined;
}

const writable = (folder: string): string => `${folder} can be written by others (chmod go-w takes that from them)`;

const isWritableByOthers = ({ mode, gid }: Stats): boolean =>
  (mode & WRITABLE_BY_ALL) !== 0 || ((mode & WRITABLE_BY_GROUP) !== 0 && !isPrivateGroup(gid));

/** Debian and Fedora give each user a group of their own, and let it write by default. */
function isPrivateGroup(gid: number): boolean {
  const { username } = userInfo();
  const groups = readText('/etc/group').split('\n');
  return groups.some((line) => {
    const [name, , id, members = ''] = line.split(':');
    return name === username && Number(id) === gid && (members === '' || members === username);
  });
}

/** In a container of an ordinary user, what belongs to root outside is shown as this user's. */
function unmappedUser(): number | undefined {
  const isNamespace = !/^\s*0\s+0\s+4294967295\s*$/.test(readText('/proc/self/uid_map') || '0 0 4294967295');
  return isNamespace ? Number(readText('/proc/sys/kernel/overflowuid')) : undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

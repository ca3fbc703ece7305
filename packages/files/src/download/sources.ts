/** What `anke import` is asked for: names and addresses, as Kaggle's notebooks write them. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FilesError } from '../errors.js';
import { printable } from '../source/names.js';

export interface DownloadSource {
  /** The folder that it is unpacked into. */
  readonly name: string;
  readonly url: string;
  /** The Authorization header, if the server needs one. */
  readonly authorization?: string;
  /** What to do when the server refuses. */
  readonly hint?: string;
}

/**
 * Reads `NAME:URL`, with the URL as it is or percent-encoded, several of them with commas between, or a plain URL,
 * whose last part is then the name, or `kaggle:NAME` for the data of a competition (`kaggle:OWNER/NAME` for a data
 * set).
 *
 * @throws FilesError if it is nothing of the kind, or Kaggle's token is missing
 */
export function parseSources(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): DownloadSource[] {
  if (/\p{Cc}/u.test(text.trim())) throw new FilesError(`${printable(text)}: it has control characters in it`);
  const parts = text.split(NEXT_SOURCE).map((part) => part.trim().replace(/,$/, ''));
  return parts.flatMap((part) => (part === '' ? [] : [parseSource(part, environment)]));
}

/** A comma between two sources: behind it, one begins. Others are part of an address that is not encoded. */
const NEXT_SOURCE = /,(?=\s*(?:kaggle:|https?:\/\/|[^,:/?#&=]+:https?(?::|%3a)))/i;

function parseSource(text: string, environment: Readonly<Record<string, string | undefined>>): DownloadSource {
  const shown = printable(text);
  const kaggle = /^kaggle:([\w.-]+(?:\/[\w.-]+)?)$/.exec(text);
  if (kaggle) return kaggleSource(kaggle[1] as string, environment);
  const plain = /^https?:\/\//i.test(text);
  const colon = text.indexOf(':');
  const encoded = plain ? text : text.slice(colon + 1);
  let address: string;
  try {
    address = /^https?:\/\//i.test(encoded) ? encoded : decodeURIComponent(encoded);
  } catch {
    throw new FilesError(`${shown}: the address is not percent-encoded as it should be`);
  }
  if ((!plain && colon < 1) || !/^https?:\/\//i.test(address) || !URL.canParse(address) || /\p{Cc}/u.test(address)) {
    throw new FilesError(`${shown}: expected NAME:URL with an http or https address, or kaggle:NAME`);
  }
  const name = plain ? lastPart(address) : text.slice(0, colon);
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_. -]{0,99}$/u.test(name)) {
    throw new FilesError(
      `${shown}: "${printable(name)}" is no name for a folder; use letters, digits, dots, dashes and underscores`,
    );
  }
  return { name, url: address.replace(/^https?/i, (scheme) => scheme.toLowerCase()) };
}

/** The name of what an address leads to, without the ending of an archive. */
function lastPart(address: string): string {
  const last = new URL(address).pathname.split('/').filter(Boolean).at(-1) ?? 'download';
  return last.replace(/\.(zip|tar|tgz|tar\.gz|gz)$/i, '');
}

/** Kaggle's API, with the token from the environment or from Kaggle's own file. */
function kaggleSource(what: string, environment: Readonly<Record<string, string | undefined>>): DownloadSource {
  const { username, key } = kaggleToken(what, environment);
  const base = (environment['KAGGLE_API_ENDPOINT'] ?? 'https://www.kaggle.com').replace(/\/$/, '');
  const isCompetition = !what.includes('/');
  return {
    name: what.split('/').at(-1) as string,
    url: isCompetition
      ? `${base}/api/v1/competitions/data/download-all/${what}`
      : `${base}/api/v1/datasets/download/${what}`,
    authorization: `Basic ${Buffer.from(`${username}:${key}`).toString('base64')}`,
    hint: isCompetition
      ? `accept the competition’s rules at https://www.kaggle.com/c/${what}/rules, and check the token`
      : 'check the token, and the data set’s name',
  };
}

function kaggleToken(
  what: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly username: string; readonly key: string } {
  const { KAGGLE_USERNAME: username, KAGGLE_KEY: key } = environment;
  if (username && key) return { username, key };
  const file = join(environment['KAGGLE_CONFIG_DIR'] ?? join(homedir(), '.kaggle'), 'kaggle.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new FilesError(
      `kaggle:${what}: Kaggle needs a token: make one at https://www.kaggle.com/settings (Create New Token), ` +
        `then put kaggle.json at ${file}, or set KAGGLE_USERNAME and KAGGLE_KEY`,
    );
  }
  try {
    const token = JSON.parse(text) as { username?: unknown; key?: unknown };
    if (typeof token.username === 'string' && typeof token.key === 'string')
      return { username: token.username, key: token.key };
  } catch {
    // told below
  }
  throw new FilesError(`${file}: expected Kaggle’s token, {"username": …, "key": …}`);
}

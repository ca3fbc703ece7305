/**
 * Who may ask. A browser sends requests to this server for any page that it shows, so that without these checks a page
 * from elsewhere could use it, although it listens on the loopback address alone:
 * - Host must name this machine. A page whose own name suddenly leads to 127.0.0.1 (DNS rebinding) sends its own name.
 * - Origin, which browsers send with what a page asks for, must be this server's own, or one that was allowed (CORS).
 * - If there is a token, what is asked for must carry it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RequestError } from './request-error.js';

export interface AccessOptions {
  /** Names in Host beside those of the loopback address and the address that a connection was made to. */
  readonly hosts: readonly string[];
  /** Origins of pages that may ask: `https://example.org`. */
  readonly origins: readonly string[];
  /** Expected as `Authorization: Bearer TOKEN`. */
  readonly token?: string | undefined;
}

type Headers = Readonly<Record<string, string>>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** The address behind `::ffff:`, as which a socket for both kinds of addresses shows those of IPv4. */
const MAPPED = /^::ffff:(?=\d)/;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export class Access {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  /** A hash of what Authorization must be: hashes have one length, which comparing in constant time needs. */
  readonly #authorization: Buffer | undefined;

  constructor({ hosts, origins, token }: AccessOptions) {
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()));
    this.#origins = new Set(origins);
    this.#authorization = token === undefined ? undefined : digest(`Bearer ${token}`);
  }

  /**
   * Headers of the answer that let the page that asks read it.
   *
   * @throws RequestError if the request comes from elsewhere
   */
  check({ headers, socket }: IncomingMessage): Headers {
    const { host, origin } = headers;
    if (host !== undefined && !this.#isOurs(host, socket.localAddress ?? ''))
      throw new RequestError(403, 'Host is not a name of this server; --allow-host allows further ones');
    const varies = this.#origins.size > 0 ? { vary: 'origin' } : {};
    if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return varies;
    if (!this.#origins.has(origin))
      throw new RequestError(403, 'pages of this origin may not ask; --allow-origin allows further ones');
    return { ...varies, 'access-control-allow-origin': origin };
  }

  /** @throws RequestError if the request lacks the token */
  checkToken({ headers: { authorization = '' } }: IncomingMessage): void {
    if (this.#authorization && !timingSafeEqual(digest(authorization), this.#authorization))
      throw new RequestError(401, 'expected the header "Authorization: Bearer TOKEN" with the server’s token', {
        'www-authenticate': 'Bearer',
      });
  }

  #isOurs(host: string, localAddress: string): boolean {
    const name = host.replace(/:\d*$/, '').toLowerCase();
    const address = localAddress.replace(MAPPED, '');
    return LOOPBACK.test(name) || name === (address.includes(':') ? `[${address}]` : address) || this.#hosts.has(name);
  }
}

/** What a browser asks before a page's request to another origin, and is answered once the origin has been checked. */
export const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;

export const PREFLIGHT_HEADERS: Headers = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-max-age': '600',
};

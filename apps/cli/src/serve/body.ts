/**
 * Bodies of requests, as far as they are not too long, alone or together. They stay in the pieces that they come in: to
 * put 15 MB together takes 20 ms, or 300 where memory is slow, and everybody waits meanwhile.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SHORT_BODY } from './images.js';
import { RequestError, unavailable } from './request-error.js';

/** So many pieces at the end of a body are looked at together. */
const CRUMBS = 256;
const CRUMBS_BYTES = 2 ** 16;

/** Makes one piece of the last ones if they are tiny: as an object, each takes some hundred bytes more than it has. */
function joinCrumbs(parts: Buffer[]): void {
  const last = parts.splice(-CRUMBS);
  const bytes = last.reduce((sum, { length }) => sum + length, 0);
  parts.push(...(bytes <= CRUMBS_BYTES ? [Buffer.concat(last)] : last));
}

export class BodyReader {
  /** Bytes of long bodies whose requests are not answered yet. */
  #held = 0;

  /**
   * @param most bytes of a body
   * @param mostHeld bytes of all long bodies together; short ones are few megabytes even if every connection has one
   */
  constructor(
    readonly most: number,
    readonly mostHeld: number,
  ) {}

  /**
   * A request's body in its pieces; memory counts as taken until the answer is out.
   *
   * @throws RequestError if it is too long, too much is under way already, or it breaks off
   */
  async read(request: IncomingMessage, response: ServerResponse): Promise<Buffer[]> {
    const tooLong = (): RequestError => new RequestError(413, `a request may have ${this.most} bytes`);
    if (Number(request.headers['content-length'] ?? 0) > this.most) throw tooLong();
    const parts: Buffer[] = [];
    let [length, held] = [0, 0];
    response.once('close', () => {
      this.#held -= held;
    });
    return await new Promise((resolve, reject) => {
      const refuse = (error: RequestError): void => {
        request.off('data', take);
        parts.splice(0);
        reject(error);
      };
      const take = (part: Buffer): void => {
        length += part.length;
        const more = length > SHORT_BODY ? length - held : 0;
        if (length > this.most) refuse(tooLong());
        else if (this.#held + more > this.mostHeld) refuse(unavailable('too many long requests wait already'));
        else {
          this.#held += more;
          held += more;
          parts.push(part);
          if (parts.length % CRUMBS === 0) joinCrumbs(parts);
        }
      };
      request.on('data', take);
      request.on('end', () => resolve(parts));
      const onBroken = (): void => {
        if (!request.complete) reject(new RequestError(400, 'the request broke off'));
      };
      request.on('error', onBroken);
      request.on('close', onBroken);
    });
  }
}

/**
 * Images in the body of a request, as the model's bytes. Short bodies are read at once; long texts are read by a thread
 * of their own, one after the other, and large pictures decoded likewise, so that nobody else waits for them.
 */
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { DataError } from '@anke/data';
import { countPixels, decodePicture, isPngOrJpeg, preparePictures } from '@anke/files';
import { quoted } from '@anke/messages';
import { HeavyWork } from './heavy-work.js';
import { type ImageLimits, parseImages, type RequestImages, type TextFormat } from './parse.js';
import type { LongBody, ParsedBody } from './parse-thread.js';
import { RequestError } from './request-error.js';

/** A text of so many bytes takes a millisecond or two, whatever is in it. */
export const SHORT_BODY = 2 ** 16;
/** A picture of so many pixels takes a few milliseconds and megabytes; many of them may be decoded at once. */
const SMALL_PICTURE = 2 ** 18;
/** A larger one is refused. */
const MOST_PIXELS = 2 ** 24;
/** Enough for the longest body that is none but images. */
const THREAD_MEGABYTES = 512;
/** Pieces of some 64 KiB that are copied before others have their turn. */
const PARTS_IN_TURN = 8;

const TYPES = 'text/csv, application/json, image/png or image/jpeg';
const TEXTS: Readonly<Record<string, TextFormat>> = { 'text/csv': 'csv', 'application/json': 'json' };

export class ImageReader {
  readonly #heavy = new HeavyWork();
  readonly #ending = new AbortController();
  #thread: Worker | undefined;

  constructor(readonly limits: ImageLimits) {}

  /** Makes everything ready that would delay the first requests: the thread, and the library for pictures. */
  async prepare(): Promise<void> {
    this.#thread = this.#startThread();
    await Promise.all([once(this.#thread, 'online'), preparePictures()]);
  }

  /**
   * @param parts of the body
   * @throws RequestError if the body holds no images of the model's shape, or too many
   */
  async read(contentType: string, parts: readonly Buffer[]): Promise<RequestImages> {
    const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
    const format = TEXTS[type];
    if (format && lengthOf(parts) <= SHORT_BODY) return parseImages(format, Buffer.concat(parts), this.limits);
    if (format) return await this.#heavy.run(() => this.#parseAside({ format, parts }));
    if (type === 'image/png' || type === 'image/jpeg') return await this.#decode(await joined(parts));
    throw new RequestError(415, `the content type must be ${TYPES}, not ${quoted(type)}`);
  }

  #startThread(): Worker {
    // The build puts this module, which several entries share, beside the thread's.
    const thread = new Worker(new URL('./parse-thread.js', import.meta.url), {
      workerData: this.limits,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MEGABYTES },
      execArgv: [], // what this process was started with is not for the thread
    });
    // The next long body gets a new thread; the present one is told below.
    thread.on('error', () => {
      this.#thread = undefined;
    });
    return thread;
  }

  async #parseAside(body: LongBody): Promise<RequestImages> {
    this.#thread ??= this.#startThread();
    // Handed over as they are, where they have memory of their own.
    const own = body.parts
      .map(({ buffer }) => buffer as ArrayBuffer)
      .filter(({ byteLength }, i) => byteLength === body.parts[i]?.length);
    this.#thread.postMessage(body, own);
    try {
      const [parsed] = (await once(this.#thread, 'message', { signal: this.#ending.signal })) as [ParsedBody];
      if ('status' in parsed) throw new RequestError(parsed.status, parsed.message);
      return parsed;
    } catch (error) {
      if (error instanceof RequestError) throw error;
      this.#ending.signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY')
        throw new RequestError(413, 'reading the body takes too much memory; send fewer images in a request');
      throw error;
    }
  }

  async #decode(picture: Uint8Array): Promise<RequestImages> {
    if (!isPngOrJpeg(picture))
      throw new RequestError(415, 'the body is no PNG or JPEG picture: its first bytes are others');
    try {
      const count = await countPixels('request', picture);
      if (count > MOST_PIXELS)
        throw new RequestError(413, `a picture may have ${MOST_PIXELS} pixels, and this has ${count}`);
      const decode = async (): Promise<RequestImages> => {
        const { pixels } = await decodePicture('request', picture, this.limits.shape);
        return { pixels, ids: undefined };
      };
      return await (count > SMALL_PICTURE ? this.#heavy.run(decode) : decode());
    } catch (error) {
      if (error instanceof DataError) throw new RequestError(400, error.message);
      throw error;
    }
  }

  /** Ends the thread; who waits for it gets this error. */
  async close(error: RequestError): Promise<void> {
    this.#ending.abort(error);
    await this.#thread?.terminate();
  }
}

const lengthOf = (parts: readonly Buffer[]): number => parts.reduce((sum, { length }) => sum + length, 0);

/** The pieces in one, with turns for others between them. */
async function joined(parts: readonly Buffer[]): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(lengthOf(parts));
  let offset = 0;
  for (const [i, part] of parts.entries()) {
    if (i % PARTS_IN_TURN === PARTS_IN_TURN - 1) await nextTurn();
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

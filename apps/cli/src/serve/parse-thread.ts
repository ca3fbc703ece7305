/** The thread that reads long bodies for `images.ts`: a message with a body is answered by one with its images. */
import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type ImageLimits, parseImages, type RequestImages, type TextFormat } from './parse.js';
import { RequestError } from './request-error.js';

export interface LongBody {
  readonly format: TextFormat;
  /** The text in pieces. */
  readonly parts: readonly Uint8Array[];
}

export type ParsedBody = RequestImages | { readonly status: number; readonly message: string };

const port = parentPort as MessagePort;

// Short requests go first where there are too few cores for both. On Linux, a priority is a thread's own.
if (process.platform === 'linux') setPriority(10);

port.on('message', ({ format, parts }: LongBody) => {
  try {
    const images = parseImages(format, Buffer.concat(parts), workerData as ImageLimits);
    port.postMessage(images satisfies ParsedBody, [images.pixels.buffer as ArrayBuffer]);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    port.postMessage({ status: error.status, message: error.message } satisfies ParsedBody);
  }
});

/** What is answered instead of predictions: the client's mistake (4xx), or that it should ask again later (503). */

export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Nothing is wrong with the request, but it cannot be answered now. */
export const unavailable = (why: string, seconds = 1): RequestError =>
  new RequestError(503, why, { 'retry-after': String(seconds) });

/**
 * What a long work reports by calling back, as values of a generator. Reports that come faster than they are taken
 * are left out, but for the latest.
 *
 * @returns the work's result
 */
export async function* reports<T, R>(work: (report: (value: T) => void) => Promise<R>): AsyncGenerator<T, R> {
  let latest: { readonly value: T } | undefined;
  let ended = false;
  let wake: () => void = () => undefined;
  const result = work((value) => {
    latest = { value };
    wake();
  });
  const end = result.then(
    () => undefined,
    () => undefined,
  );
  void end.then(() => {
    ended = true;
    wake();
  });
  try {
    while (!ended || latest) {
      if (latest) {
        const { value } = latest;
        latest = undefined;
        yield value;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    return await result;
  } finally {
    await end; // also where nobody asks for more
  }
}

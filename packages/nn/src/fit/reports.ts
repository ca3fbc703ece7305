/**
 * Turns the reports of a long piece of work, which it makes by calling a function, into values of a generator. If
 * reports come faster than they are taken, only the latest is kept.
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
    await end; // also when the caller takes no further reports
  }
}

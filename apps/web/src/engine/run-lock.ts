/** One tab at a time writes into a run: a lock that all tabs of this page share, by the run's name. */

const lockOf = (run: string): string => `run ${run}`;

/** Works with a run if no tab has it, this one included; undefined if one has. */
export const ifFree = <T>(run: string, work: () => Promise<T>): Promise<T | undefined> =>
  navigator.locks.request(lockOf(run), { ifAvailable: true }, async (lock) => (lock ? await work() : undefined));

/**
 * Works with a run as soon as no other tab has it.
 *
 * @param waiting `onWait` is called if another tab has the run; the signal ends the wait, and nothing is done then
 */
export async function withRun(
  run: string,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: () => void },
  work: () => Promise<void>,
): Promise<void> {
  const isDone = await ifFree(run, async () => {
    await work();
    return true;
  });
  if (isDone) return;
  onWait();
  try {
    await navigator.locks.request(lockOf(run), { signal }, work);
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
}

/** Ctrl-C while a model trains: the work so far is kept. */
import type { Terminal } from '../terminal.js';

/** A signal that the first Ctrl-C aborts; the second one ends the program at once. */
export function interruptible(terminal: Terminal): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    terminal.say('\nInterrupted: stopping and saving what there is (again to quit at once)');
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

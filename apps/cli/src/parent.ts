/** The command that has started this process as a worker, if one has: it hears of epochs and is followed to its end. */

/** Whether this process is a worker. It then takes its options from the command line alone. */
export const isWorker = (): boolean => process.env['ANKE_WORKER'] === '1';

/** What a worker tells while it runs. */
export interface Told {
  /** That has just been done, in its phase. */
  readonly epoch: number;
}

export function tellParent(told: Told): void {
  // A parent that has just died cannot be told; that it has, its channel says by itself.
  if (isWorker() && process.connected) process.send?.(told, undefined, undefined, () => undefined);
}

/** Where the parent has been killed, its workers save what there is and end, as by Ctrl-C. */
export function followParent(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGINT'));
  process.channel?.unref();
}

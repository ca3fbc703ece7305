/** The sweep that has started this process as a trial, if one has: it is told of epochs, and followed into its end. */

/** Whether this process is a trial. It then takes its options from the command line alone. */
export const isTrial = (): boolean => process.env['ANKE_TRIAL'] === '1';

/** What a trial tells while it runs. */
export interface Told {
  /** That has just been done, in its phase. */
  readonly epoch: number;
}

export function tellParent(told: Told): void {
  // A parent that has just died cannot be told; that it has, its channel says by itself.
  if (isTrial() && process.connected) process.send?.(told, undefined, undefined, () => undefined);
}

/** Where the sweep has been killed, its trials save what there is and end, as by Ctrl-C. */
export function followParent(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGINT'));
  process.channel?.unref();
}

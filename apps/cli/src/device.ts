import { type DriverReport, openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import type { Terminal } from './terminal.js';

export interface Device {
  readonly gpu: Gpu;
  readonly report: DriverReport;
}

/**
 * Opens the device, with a driver of our own where the system has none.
 *
 * @throws DriverError if there is no adapter that computes
 */
export async function openDevice(terminal: Terminal): Promise<Device> {
  const report = await openAdapter((line) => terminal.say(line));
  return { gpu: await Gpu.open(report.adapter), report };
}

/** The errors of this package: mistakes in the code that calls it, and limits of the device. */

/** A mistake in a kernel or in how it is called; says which kernel, which binding and what was expected. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}

/** The device cannot do what is asked: no adapter, too little memory, a limit exceeded, or it was lost. */
export class DeviceError extends Error {
  override readonly name: string = 'DeviceError';
}

/**
 * The device is gone: its driver was reset, its process ended, or the hardware was taken away. All that was on it is
 * lost; another device can be opened, and work that was kept elsewhere can go on there.
 */
export class DeviceLostError extends DeviceError {
  override readonly name = 'DeviceLostError';

  /** @param reason what the driver says */
  constructor(readonly reason: string) {
    super(`the GPU device was lost: ${reason}`);
  }
}

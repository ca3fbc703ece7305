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

/** Memory that a device was asked for. */
export interface MemoryNeed {
  /** What it is for: «conv2's output». */
  readonly label: string;
  readonly bytes: number;
  /** What a device binds at most at once, or has in one buffer, if that is less. */
  readonly limit?: number | undefined;
  /** Which of the two that is; `binding` if absent. */
  readonly limited?: 'binding' | 'buffer';
}

/** The device cannot give so much memory, or not bind it at once. What it has given besides is still usable. */
export class DeviceMemoryError extends DeviceError {
  override readonly name = 'DeviceMemoryError';

  /** @param advice what would do */
  constructor(
    readonly need: MemoryNeed,
    advice = 'use a smaller batch, fewer images or a smaller model',
  ) {
    const { label, bytes, limit, limited } = need;
    const most = limited === 'buffer' ? 'has buffers of at most' : 'binds at most';
    const found =
      limit === undefined
        ? 'which the device has not got'
        : `but this device ${most} ${mebibytes(limit)}${limited === 'buffer' ? '' : ' at once'}`;
    super(`${label} needs ${mebibytes(bytes)}, ${found}; ${advice}`);
  }
}

const mebibytes = (bytes: number): string =>
  `${(bytes / 2 ** 20).toLocaleString('en-US', { maximumFractionDigits: bytes < 10 * 2 ** 20 ? 2 : 0 })} MiB`;

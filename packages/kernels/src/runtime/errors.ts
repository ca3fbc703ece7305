/** The errors of this package: mistakes in the code that calls it, and limits of the device. */

/** A mistake in a kernel or in how it is called; says which kernel, which binding and what was expected. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}

/** The device cannot do what is asked: no adapter, too little memory, a limit exceeded, or it was lost. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

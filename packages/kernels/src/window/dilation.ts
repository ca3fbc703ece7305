/**
 * Dilation: the taps of a kernel lie some pixels apart, so that it covers (k − 1) · dilation + 1 of them along an axis.
 * Tap (ky, kx) of a window lies ky · dilation rows and kx · dilation columns behind the window's corner.
 */

/** What of a kernel's size and dilation tells where its taps lie. */
export interface DilatedKernel {
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  /**
   * Distance of neighbouring taps, in pixels. Absent where it is 1 along both axes: the choice of a variant is kept by
   * its parameters, and those that were made before there were dilations stay valid.
   */
  readonly dilation?: readonly [height: number, width: number];
}

/** The parameter that {@link DilatedKernel} has of a dilation. */
export const dilationParam = (dilation: readonly [number, number]): Pick<DilatedKernel, 'dilation'> =>
  dilation.some((distance) => distance !== 1) ? { dilation } : {};

/** Pixels that the kernel covers, with those between its taps. */
export function coverage({ kernelHeight, kernelWidth, dilation: [down, across] = [1, 1] }: DilatedKernel): {
  readonly height: number;
  readonly width: number;
} {
  return { height: (kernelHeight - 1) * down + 1, width: (kernelWidth - 1) * across + 1 };
}

/** The dilation as WGSL constants, where there is one. */
export const dilationConstants = ({ dilation }: DilatedKernel): Record<string, number> =>
  dilation ? { DILATION_H: dilation[0], DILATION_W: dilation[1] } : {};

/** WGSL of how far tap (ky, kx) lies behind its window's corner, down and across. */
export const tapDistance = ({ dilation }: DilatedKernel): { readonly ky: string; readonly kx: string } =>
  dilation ? { ky: 'ky * DILATION_H', kx: 'kx * DILATION_W' } : { ky: 'ky', kx: 'kx' };

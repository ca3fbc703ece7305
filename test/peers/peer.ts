/** What is measured of each engine: the notebook's CNN, trained with Adam, and asked. */

/** Does the work once and returns when the device has finished it. */
export type Run = () => Promise<void>;

export interface Peer {
  readonly name: string;
  /** What is done once for a device and kept, and so is no part of the first step. */
  tune?(kind: 'trainer' | 'predictor', batch: number): Promise<void>;
  /** A training step on a batch that stays the same: forward, backward, Adam. */
  trainer(batch: number): Promise<Run>;
  /** The probabilities of a batch, brought to the host. */
  predictor(batch: number): Promise<Run>;
}

/** The notebook's layers, for engines that have no such model: kernel shapes (height, width, in, out). */
export const CONVOLUTIONS = [
  [3, 3, 1, 32],
  [5, 5, 32, 64],
  [3, 3, 64, 64],
] as const;
/** (in, out) of the dense layers. */
export const DENSE = [
  [576, 128],
  [128, 64],
  [64, 32],
  [32, 10],
] as const;

/** Pixels in 0 … 1, (batch, 28, 28, 1), and labels: the same for every engine. */
export function batchOf(size: number): { pixels: Uint8Array; images: Float32Array<ArrayBuffer>; labels: Uint8Array } {
  let state = 1;
  const pixels = Uint8Array.from({ length: size * 784 }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state >>> 23;
  });
  return {
    pixels,
    images: Float32Array.from(pixels, (value) => value / 255),
    labels: Uint8Array.from({ length: size }, (_, i) => i % 10),
  };
}

/** What is measured of each engine: a model, trained with Adam, and asked. */

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

/** Pixels in 0 … 1, (batch, height, width, channels), and labels: the same for every engine. */
export function batchOf(
  size: number,
  shape: readonly number[],
): { pixels: Uint8Array; images: Float32Array<ArrayBuffer>; labels: Uint8Array } {
  let state = 1;
  const pixels = Uint8Array.from({ length: shape.reduce((a, b) => a * b, size) }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state >>> 23;
  });
  return {
    pixels,
    images: Float32Array.from(pixels, (value) => value / 255),
    labels: Uint8Array.from({ length: size }, (_, i) => i % 10),
  };
}

/**
 * Looks for values that are not finite in what a model keeps on the device: weights, moving averages, the optimizer's
 * own buffers. One dispatch a buffer, recorded once, and one small read.
 */
import {
  countNotFinite,
  type Gpu,
  type NotFinite,
  notFiniteOf,
  Recorder,
  type Recording,
  SLICE_ALIGNMENT,
  type Storage,
} from '@anke/kernels';

/** Counts in several buffers at once. */
export class FiniteCheck {
  private constructor(
    private readonly recording: Recording,
    /** The counts of each buffer, `SLICE_ALIGNMENT` bytes apart. */
    private readonly found: Storage,
    private readonly buffers: number,
  ) {}

  /** @param buffers of float32; none is empty */
  static async of(gpu: Gpu, buffers: readonly Storage[]): Promise<FiniteCheck> {
    const found = gpu.storage('values that are not finite', buffers.length * SLICE_ALIGNMENT, 'u32');
    const recorder = new Recorder(gpu, { fuse: false });
    buffers.forEach((x, i) => {
      const slot = found.slice(`those of ${x.label}`, i * SLICE_ALIGNMENT, SLICE_ALIGNMENT);
      recorder.dispatch(countNotFinite, { length: x.bytes / 4 }, { x, found: slot }, 'plain');
    });
    try {
      return new FiniteCheck(await recorder.finish(), found, buffers.length);
    } catch (error) {
      found.destroy();
      throw error;
    }
  }

  /** What there is in each buffer now; undefined where all is finite. */
  async run(): Promise<(NotFinite | undefined)[]> {
    const { gpu } = this.recording;
    gpu.write(this.found, new Uint32Array(this.found.bytes / 4));
    this.recording.submit();
    const words = await gpu.readWords(this.found);
    return Array.from({ length: this.buffers }, (_, i) => notFiniteOf(words.subarray((i * SLICE_ALIGNMENT) / 4)));
  }

  destroy(): void {
    this.recording.destroy();
    this.found.destroy();
  }
}

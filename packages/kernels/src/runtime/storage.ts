/**
 * A range of device memory that kernels read and write. It has a buffer from the start (weights, data, results), or
 * gets one when the recording that made it is planned (activations, temporaries).
 */
export class Storage {
  constructor(
    readonly label: string,
    readonly bytes: number,
    /** Absent until the memory plan has placed a recording's temporary. */
    public buffer?: GPUBuffer,
    readonly offset = 0,
    /** Whether it holds float16 instead of float32. */
    readonly half = false,
  ) {}

  /** A part of this storage. `offset` must be a multiple of {@link SLICE_ALIGNMENT}, as WebGPU demands of bindings. */
  slice(label: string, offset: number, bytes: number): Storage {
    return new Storage(label, bytes, this.buffer, this.offset + offset, this.half);
  }
}

/** WebGPU's default `minStorageBufferOffsetAlignment`; no device asks for more. */
export const SLICE_ALIGNMENT = 256;

/** Ranges of device memory, as kernels bind them. */
import { KernelError } from './errors.js';

/** How elements lie in memory. Kernels compute with 32-bit floats; activations may be stored as 16-bit ones. */
export type StorageType = 'f32' | 'f16' | 'u32';

/** Bytes of one element. */
export const elementBytes = (type: StorageType): number => (type === 'f16' ? 2 : 4);

/**
 * A range of device memory that kernels read and write. It has a buffer from the start (weights, data, results), or
 * gets one when the recording that made it is planned (activations, temporaries).
 */
export class Storage {
  constructor(
    readonly label: string,
    readonly bytes: number,
    /** Absent until the memory plan has given a recording's temporary its memory. */
    public buffer?: GPUBuffer,
    readonly offset = 0,
    readonly type: StorageType = 'f32',
  ) {}

  /** A part of this storage. `offset` must be a multiple of {@link SLICE_ALIGNMENT}, as WebGPU demands of bindings. */
  slice(label: string, offset: number, bytes: number): Storage {
    return new Storage(label, bytes, this.buffer, this.offset + offset, this.type);
  }

  /** Whether writing to one may change the other. */
  overlaps(other: Storage): boolean {
    if (this === other) return true;
    if (!this.buffer || this.buffer !== other.buffer) return false;
    return this.offset < other.offset + other.bytes && other.offset < this.offset + this.bytes;
  }

  /** Gives the whole buffer back, of which this may be a part. */
  destroy(): void {
    this.buffer?.destroy();
  }
}

/** WebGPU's default `minStorageBufferOffsetAlignment`; no device asks for more. */
export const SLICE_ALIGNMENT = 256;

/** @throws KernelError if the storage belongs to a recording that has not been planned */
export function bufferOf(storage: Storage): GPUBuffer {
  if (!storage.buffer) throw new KernelError(`"${storage.label}" has no memory yet: its recording is not finished`);
  return storage.buffer;
}

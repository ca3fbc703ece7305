/**
 * A few bytes that come back with each submit: the copy is part of the submit, and the buffer that it goes to is made
 * once. So a pass of many submits can be watched without allocating anything, and without a wait of its own.
 */
import type { Gpu } from './device.js';
import { bufferOf, type Storage } from './storage.js';

const READBACK_USAGE = 0x01 | 0x08; // MAP_READ | COPY_DST
const MAP_READ = 0x01;

export class Readback {
  readonly #buffer: GPUBuffer;
  readonly #label: string;
  readonly #bytes: number;
  #destroyed = false;

  /** @param storages what comes back, one behind the other */
  constructor(
    readonly gpu: Gpu,
    readonly storages: readonly Storage[],
  ) {
    this.#label = storages.map(({ label }) => label).join(', ');
    this.#bytes = storages.reduce((sum, { bytes }) => sum + bytes, 0);
    const label = `readback of ${this.#label}`;
    this.#buffer = gpu.device.createBuffer({ label, size: this.#bytes, usage: READBACK_USAGE });
  }

  /** Adds the copy to what is about to be submitted. Until {@link Readback.read} is done, there must be no second. */
  encode(encoder: GPUCommandEncoder): void {
    let end = 0;
    for (const storage of this.storages) {
      encoder.copyBufferToBuffer(bufferOf(storage), storage.offset, this.#buffer, end, storage.bytes);
      end += storage.bytes;
    }
  }

  /**
   * What was copied, once the submit is done, and all that was submitted before; zeros if this was destroyed meanwhile.
   *
   * @throws DeviceError if the device fails
   */
  async read(): Promise<Uint32Array> {
    const nothing = new Uint32Array(this.#bytes / 4);
    if (this.#destroyed) return nothing;
    const mapped = this.#buffer.mapAsync(MAP_READ).catch((error: unknown) => {
      if (!this.#destroyed) throw error;
    });
    await this.gpu.explained(`reading "${this.#label}"`, mapped);
    if (this.#destroyed) return nothing;
    const words = new Uint32Array(this.#buffer.getMappedRange().slice(0));
    this.#buffer.unmap();
    return words;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#buffer.destroy();
  }
}

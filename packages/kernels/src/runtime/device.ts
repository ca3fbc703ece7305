/** The device that kernels run on: its memory, its errors, and what it can do. */

import { type Chooser, NO_CHOOSER } from './chooser.js';
import { Compiler } from './compiler.js';
import { DeviceError, DeviceLostError, KernelError } from './errors.js';
import type { Traits } from './kernel.js';
import { bufferOf, Storage, type StorageType } from './storage.js';

const STORAGE_USAGE = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST
const READBACK_USAGE = 0x01 | 0x08; // MAP_READ | COPY_DST
const MAP_READ = 0x01;

/**
 * An open device: makes buffers, copies bytes, and reports errors. The caller passes a WebGPU adapter, so that the same
 * code runs in a browser and in Node.
 */
export class Gpu {
  readonly traits: Traits;
  readonly compiler: Compiler;
  #failure: Error | undefined;
  /** Whether it was destroyed. */
  #closed = false;

  private constructor(
    readonly device: GPUDevice,
    readonly info: GPUAdapterInfo,
    readonly tuner: Chooser<Gpu>,
  ) {
    const { subgroupMinSize, subgroupMaxSize } = info;
    this.traits = {
      subgroupSize:
        device.features.has('subgroups') && subgroupMinSize === subgroupMaxSize ? (subgroupMinSize ?? 0) : 0,
      software: info.isFallbackAdapter,
      maxWorkgroupStorage: device.limits.maxComputeWorkgroupStorageSize,
      maxInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
    };
    this.compiler = new Compiler(device, this.traits, tuner, () => this.check());
    device.onuncapturederror = ({ error }) => {
      this.#failure ??= new DeviceError(error.message);
    };
    void device.lost.then(({ reason, message }) => {
      if (!this.#closed) this.#failure = new DeviceLostError(message || reason);
    });
  }

  /**
   * Opens a device on `adapter` with the features and the limits that the kernels can use.
   *
   * @param tuner chooses between variants; without one, each kernel's own order of preference does
   * @throws DeviceError if the adapter gives no device
   */
  static async open(adapter: GPUAdapter, tuner: Chooser<Gpu> = NO_CHOOSER): Promise<Gpu> {
    const wanted: GPUFeatureName[] = ['subgroups', 'timestamp-query', 'shader-f16'];
    const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
    const device = await adapter
      .requestDevice({
        requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
        requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
      })
      .catch((error: unknown) => {
        throw new DeviceError(`the adapter gave no device: ${error instanceof Error ? error.message : String(error)}`);
      });
    return new Gpu(device, adapter.info, tuner);
  }

  /**
   * New device memory. Its content is zero until something is written.
   *
   * @throws DeviceError if the device's limits do not allow a binding of that size
   */
  storage(label: string, bytes: number, type: StorageType = 'f32'): Storage {
    const limit = Math.min(this.device.limits.maxStorageBufferBindingSize, this.device.limits.maxBufferSize);
    if (bytes > limit) {
      const mib = (size: number): string => `${(size / 2 ** 20).toFixed(0)} MiB`;
      throw new DeviceError(
        `"${label}" needs ${mib(bytes)}, but this device binds at most ${mib(limit)} at once; ` +
          'use a smaller batch or fewer images',
      );
    }
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    return new Storage(label, size, this.device.createBuffer({ label, size, usage: STORAGE_USAGE }), 0, type);
  }

  /** New device memory that holds `data`. */
  upload(label: string, data: Float32Array | Uint32Array | Uint8Array): Storage {
    const storage = this.storage(label, data.byteLength, data instanceof Float32Array ? 'f32' : 'u32');
    this.write(storage, data);
    return storage;
  }

  /** Copies `data` to the start of `storage`, before everything that is submitted later. */
  write(storage: Storage, data: Float32Array | Uint32Array | Uint8Array): void {
    if (data.byteLength > storage.bytes) {
      throw new KernelError(`${data.byteLength} bytes do not fit into "${storage.label}", which has ${storage.bytes}`);
    }
    const whole = data.byteLength - (data.byteLength % 4);
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const buffer = bufferOf(storage);
    if (whole > 0) this.device.queue.writeBuffer(buffer, storage.offset, bytes, 0, whole);
    if (whole < bytes.length) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.device.queue.writeBuffer(buffer, storage.offset + whole, tail);
    }
  }

  /** Copies between buffers of the device, before everything that is submitted later. */
  copy(from: Storage, to: Storage): void {
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(bufferOf(from), from.offset, bufferOf(to), to.offset, Math.min(from.bytes, to.bytes));
    this.device.queue.submit([encoder.finish()]);
  }

  /** The bytes of `storage` once all submitted work is done. */
  async read(storage: Storage): Promise<ArrayBuffer> {
    const readback = this.device.createBuffer({ label: 'readback', size: storage.bytes, usage: READBACK_USAGE });
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(bufferOf(storage), storage.offset, readback, 0, storage.bytes);
      this.device.queue.submit([encoder.finish()]);
      await this.#explained(`reading "${storage.label}"`, readback.mapAsync(MAP_READ));
      return readback.getMappedRange().slice(0);
    } finally {
      readback.destroy();
    }
  }

  async readFloats(storage: Storage): Promise<Float32Array> {
    return new Float32Array(await this.read(storage));
  }

  async readWords(storage: Storage): Promise<Uint32Array> {
    return new Uint32Array(await this.read(storage));
  }

  /** Waits until all submitted work is done. */
  async finish(): Promise<void> {
    await this.#explained('waiting for the device', this.device.queue.onSubmittedWorkDone());
  }

  /** @throws DeviceError that says why the device failed, if it is known */
  async #explained(what: string, work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      // `device.lost` settles one task after the failed call.
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.check();
      throw new DeviceError(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.check();
  }

  /** @throws DeviceLostError if the device was lost, else the first error that it has reported, if any */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  destroy(): void {
    this.#closed = true;
    this.device.destroy();
  }
}

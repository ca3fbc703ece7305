/** The device that kernels run on: its memory, its errors, and what it can do. */

import { Allocator } from './allocation.js';
import { type Chooser, NO_CHOOSER } from './chooser.js';
import { Compiler } from './compiler.js';
import { DeviceError, DeviceLostError, DeviceMemoryError, KernelError } from './errors.js';
import type { Traits } from './kernel.js';
import { bufferOf, Storage, type StorageType } from './storage.js';
import { findSubgroups, type Subgroups } from './subgroups.js';

const STORAGE_USAGE = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST
const UNIFORM_USAGE = 0x40 | 0x08; // UNIFORM | COPY_DST
const READBACK_USAGE = 0x01 | 0x08; // MAP_READ | COPY_DST
const MAP_READ = 0x01;
/** The loss of a device is reported a little later than the calls fail that it makes fail. */
const LOSS_MILLISECONDS = 200;

interface Wanted {
  readonly label: string;
  readonly bytes: number;
  readonly type: StorageType;
  /** Storage, if absent. */
  readonly usage?: number;
}

const oneLine = (message: string): string => message.trim().replace(/\s*\n\s*/g, ' ');

/**
 * An open device: makes buffers, copies bytes, and reports errors. The caller passes a WebGPU adapter, so that the same
 * code runs in a browser and in Node.
 */
export class Gpu {
  readonly traits: Traits;
  readonly compiler: Compiler;
  readonly #allocator: Allocator;
  #failure: Error | undefined;
  /** Whether it was destroyed. */
  #closed = false;

  private constructor(
    readonly device: GPUDevice,
    readonly info: GPUAdapterInfo,
    readonly tuner: Chooser<Gpu>,
    /** What its subgroups are, or why kernels that need them do not run. */
    readonly subgroups: Subgroups,
  ) {
    this.traits = {
      subgroupSize: subgroups.size,
      pinsSubgroups: subgroups.pinned,
      software: info.isFallbackAdapter,
      maxWorkgroupStorage: device.limits.maxComputeWorkgroupStorageSize,
      maxInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
    };
    this.compiler = new Compiler(device, this.traits, tuner, () => this.explainFailure(), subgroups.missing);
    const report = (error: GPUError): void => {
      this.#failure ??= new DeviceError(oneLine(error.message));
    };
    this.#allocator = new Allocator(device, report);
    device.onuncapturederror = ({ error }) => report(error);
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
    const wanted = ['subgroups', 'subgroup-size-control', 'timestamp-query', 'shader-f16'];
    const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
    const device = await adapter
      .requestDevice({
        requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[],
        requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
      })
      .catch((error: unknown) => {
        throw new DeviceError(`the adapter gave no device: ${error instanceof Error ? error.message : String(error)}`);
      });
    return new Gpu(device, adapter.info, tuner, await findSubgroups(device, adapter.info));
  }

  /** The most bytes that a kernel can be given as one array. */
  get maxBinding(): number {
    return Math.min(this.device.limits.maxStorageBufferBindingSize, this.device.limits.maxBufferSize);
  }

  /** The most bytes that a buffer may have. */
  get maxBuffer(): number {
    return this.device.limits.maxBufferSize;
  }

  /**
   * New device memory. Its content is zero until something is written. If the device has no more, that is known a
   * little later: see {@link Gpu.confirm}.
   *
   * @throws DeviceMemoryError if the device's limits do not allow a binding of that size
   */
  storage(label: string, bytes: number, type: StorageType = 'f32'): Storage {
    return this.#allocate({ label, bytes, type });
  }

  /**
   * New device memory of floats that may be longer than what a kernel is given as one array: kernels are given pieces
   * of it. All else is as with {@link Gpu.storage}.
   *
   * @throws DeviceMemoryError if the device has no buffers of that size
   */
  flatStorage(label: string, bytes: number): Storage {
    const limit = this.maxBuffer;
    if (bytes > limit) throw new DeviceMemoryError({ label, bytes, limit, limited: 'buffer' });
    return this.#create({ label, bytes, type: 'f32' });
  }

  /** New device memory that holds `data`. */
  upload(label: string, data: Float32Array | Uint32Array | Uint8Array): Storage {
    const type = data instanceof Float32Array ? 'f32' : 'u32';
    return this.#allocate({ label, bytes: data.byteLength, type }, (buffer) => this.#write(buffer, 0, data));
  }

  /** New device memory that shaders read as uniforms and that holds `data`. */
  uniforms(label: string, data: Uint32Array): Storage {
    const wanted = { label, bytes: data.byteLength, type: 'u32', usage: UNIFORM_USAGE } as const;
    return this.#allocate(wanted, (buffer) => this.#write(buffer, 0, data));
  }

  #allocate(wanted: Wanted, work?: (buffer: GPUBuffer) => void): Storage {
    const { label, bytes } = wanted;
    const limit = this.maxBinding;
    if (bytes > limit) throw new DeviceMemoryError({ label, bytes, limit });
    return this.#create(wanted, work);
  }

  #create({ label, bytes, type, usage = STORAGE_USAGE }: Wanted, work?: (buffer: GPUBuffer) => void): Storage {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    return new Storage(label, size, this.#allocator.create({ label, size, usage }, work), 0, type);
  }

  /**
   * Waits until it is known whether the device has the memory that it was asked for.
   *
   * @throws DeviceMemoryError if it has refused one of these
   */
  async confirm(storages: Iterable<Storage>): Promise<void> {
    await this.#allocator.confirm([...storages].map(bufferOf));
    this.check();
  }

  /** Copies `data` to the start of `storage`, before everything that is submitted later. */
  write(storage: Storage, data: Float32Array | Uint32Array | Uint8Array): void {
    if (data.byteLength > storage.bytes) {
      throw new KernelError(`${data.byteLength} bytes do not fit into "${storage.label}", which has ${storage.bytes}`);
    }
    const buffer = bufferOf(storage);
    this.#allocator.use([buffer], () => this.#write(buffer, storage.offset, data));
  }

  #write(buffer: GPUBuffer, offset: number, data: Float32Array | Uint32Array | Uint8Array): void {
    const whole = data.byteLength - (data.byteLength % 4);
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    if (whole > 0) this.device.queue.writeBuffer(buffer, offset, bytes, 0, whole);
    if (whole < bytes.length) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.device.queue.writeBuffer(buffer, offset + whole, tail);
    }
  }

  /** Copies between buffers of the device, before everything that is submitted later. */
  copy(from: Storage, to: Storage): void {
    const bytes = Math.min(from.bytes, to.bytes);
    const [source, target] = [bufferOf(from), bufferOf(to)];
    this.#allocator.use([source, target], () => this.#copy(source, from.offset, target, to.offset, bytes));
  }

  #copy(from: GPUBuffer, offset: number, to: GPUBuffer, at: number, bytes: number): void {
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, offset, to, at, bytes);
    this.device.queue.submit([encoder.finish()]);
  }

  /** The bytes of `storage` once all submitted work is done. */
  async read(storage: Storage): Promise<ArrayBuffer> {
    const source = bufferOf(storage);
    const { offset, bytes } = storage;
    const wanted = { label: `a copy of ${storage.label}`, size: bytes, usage: READBACK_USAGE };
    let mapped: Promise<void> | undefined;
    const readback = this.#allocator.use([source], () =>
      this.#allocator.create(wanted, (copy) => {
        this.#copy(source, offset, copy, 0, bytes);
        mapped = copy.mapAsync(MAP_READ);
      }),
    );
    try {
      await this.explained(`reading ${storage.label}`, mapped, [source, readback]);
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
    await this.explained('waiting for the device', this.device.queue.onSubmittedWorkDone());
  }

  /**
   * Waits for work of the device.
   *
   * @param what the work, for the message
   * @param buffers that the work needs
   * @throws DeviceError that says why the device failed, if it is known
   */
  async explained(what: string, work: Promise<unknown> | undefined, buffers: readonly GPUBuffer[] = []): Promise<void> {
    try {
      await work;
    } catch (error) {
      await this.explainFailure();
      await this.#allocator.confirm(buffers);
      throw new DeviceError(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.check();
  }

  /**
   * To be called when something has failed: throws as {@link Gpu.check} does, and leaves a lost device the time to say
   * that it is.
   */
  async explainFailure(): Promise<void> {
    await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, LOSS_MILLISECONDS))]);
    this.check();
  }

  /**
   * @throws DeviceLostError if the device was lost, else the first error that it has reported, if any. Refused memory
   * is none: it is thrown where it is needed. What is left are mistakes of kernels or of the driver, after which no
   * result of this device can be trusted.
   */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  destroy(): void {
    this.#closed = true;
    // To destroy a device is to wait for its compiler; what that was given up for may never be done.
    if (this.compiler.patience.abandoned === 0) this.device.destroy();
  }
}

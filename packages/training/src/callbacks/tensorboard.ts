/**
 * Event files that TensorBoard reads: records, each framed by its length and two checksums, of protocol buffers.
 * tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto
 */
import type { Callback, Logs } from '@anke/nn';
import crc32c from 'crc-32/crc32c.js';
import type protobuf from 'protobufjs';
import type { Store } from '../store.js';

const SCHEMA = `syntax = "proto3";
message Value { string tag = 1; float simple_value = 2; }
message Summary { repeated Value value = 1; }
message Event { double wall_time = 1; int64 step = 2; oneof what { string file_version = 3; Summary summary = 5; } }`;

/**
 * crc32c, rotated right by 15 bits, plus a constant: masked, so that a checksum of data with checksums in it is none.
 */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c.buf(bytes) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** length (8 bytes), its checksum (4), the data, its checksum (4); all little-endian. */
export function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return bytes;
}

export interface TensorBoardOptions {
  /** The folder in the store. */
  readonly logDir: string;
}

/**
 * Writes an epoch's logs as Keras names them: `epoch_loss`, `epoch_accuracy`, `epoch_learning_rate` in `train/`, the
 * validation's in `validation/`. The step is the epoch, counted from 0.
 *
 * Each epoch is an event file of its own, as a store writes files whole: TensorBoard joins the files of a folder in the
 * order of their names, and while a training runs, it looks for new ones.
 */
export class TensorBoard implements Callback {
  readonly #logDir: string;
  #event: protobuf.Type | undefined;

  constructor(
    readonly store: Store,
    { logDir }: TensorBoardOptions,
  ) {
    this.#logDir = logDir;
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const entries = Object.entries(logs);
    const validation = entries.filter(([name]) => name.startsWith('val_'));
    const training = entries.filter((entry) => !validation.includes(entry));
    await this.#write('train', epoch, training);
    if (validation.length === 0) return;
    const renamed = validation.map(([name, value]) => [name.slice('val_'.length), value] as const);
    await this.#write('validation', epoch, renamed);
  }

  async #write(part: string, step: number, entries: readonly (readonly [string, number])[]): Promise<void> {
    this.#event ??= await eventType();
    const type = this.#event;
    const wall_time = Date.now() / 1000;
    const encode = (event: object): Uint8Array =>
      record(type.encode(type.fromObject({ wall_time, ...event })).finish());
    const version = encode({ file_version: 'brain.Event:2' });
    const value = entries.map(([tag, simple_value]) => ({ tag: `epoch_${tag}`, simple_value }));
    const summary = encode({ step, summary: { value } });
    const bytes = new Uint8Array(version.length + summary.length);
    bytes.set(version);
    bytes.set(summary, version.length);
    const seconds = String(Math.floor(wall_time)).padStart(10, '0');
    const name = `events.out.tfevents.${seconds}.anke.${String(step).padStart(6, '0')}.v2`;
    await this.store.write(`${this.#logDir}/${part}/${name}`, bytes);
  }
}

/** Loaded with the first event: most trainings write none. */
async function eventType(): Promise<protobuf.Type> {
  const { default: library } = await import('protobufjs');
  return library.parse(SCHEMA, { keepCase: true }).root.lookupType('Event');
}

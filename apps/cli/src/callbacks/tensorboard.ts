/**
 * Event files that TensorBoard reads: records, each framed by its length and two checksums, of protocol buffers.
 * tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto
 */
import { appendFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Callback, Logs } from '@anke/nn';
import crc32c from 'crc-32/crc32c.js';
import protobuf from 'protobufjs';
import { makeFolder } from '../files.js';

const { Event } = protobuf.parse(
  `syntax = "proto3";
  message Value { string tag = 1; float simple_value = 2; }
  message Summary { repeated Value value = 1; }
  message Event { double wall_time = 1; int64 step = 2; oneof what { string file_version = 3; Summary summary = 5; } }`,
  { keepCase: true },
).root as unknown as { Event: protobuf.Type };

/** crc32c, rotated right by 15 bits, plus a constant: masked, so that a checksum of data with checksums in it is none. */
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

const encode = (event: object): Uint8Array =>
  record(Event.encode(Event.fromObject({ wall_time: Date.now() / 1000, ...event })).finish());

export interface TensorBoardOptions {
  readonly logDir: string;
}

/**
 * Appends an epoch's logs to event files, as Keras names them: `epoch_loss`, `epoch_accuracy`, `epoch_learning_rate` in
 * `train/`, the validation's in `validation/`. The step is the epoch, counted from 0. A training that goes on begins new files,
 * and TensorBoard joins them.
 */
export class TensorBoard implements Callback {
  readonly #logDir: string;
  readonly #files = new Map<string, string>();

  constructor({ logDir }: TensorBoardOptions) {
    this.#logDir = logDir;
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    const entries = Object.entries(logs);
    const isValidation = ([name]: readonly [string, number]): boolean => name.startsWith('val_');
    this.#append(
      'train',
      epoch,
      entries.filter((entry) => !isValidation(entry)),
    );
    const validation = entries.filter(isValidation).map(([name, value]) => [name.slice(4), value] as const);
    if (validation.length > 0) this.#append('validation', epoch, validation);
  }

  #append(name: string, step: number, entries: readonly (readonly [string, number])[]): void {
    const value = entries.map(([tag, simple_value]) => ({ tag: `epoch_${tag}`, simple_value }));
    const event = encode({ step, summary: { value } });
    const known = this.#files.get(name);
    // One write holds whole records: who reads meanwhile sees none that is cut.
    appendFileSync(
      known ?? this.#begin(name),
      known ? event : Buffer.concat([encode({ file_version: 'brain.Event:2' }), event]),
    );
  }

  #begin(name: string): string {
    const folder = join(this.#logDir, name);
    makeFolder(folder);
    const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
    const file = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.v2`);
    this.#files.set(name, file);
    return file;
  }
}

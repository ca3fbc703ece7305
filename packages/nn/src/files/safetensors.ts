/**
 * The safetensors format: eight bytes with the header's length, a JSON header with each tensor's type, shape and
 * offsets, then the values, little-endian. Source: github.com/huggingface/safetensors, README.
 */
import { quoted } from '@anke/messages';
import { formatShape, type Shape, sizeOf } from '../autograd/tensor.js';
import { FormatError } from '../errors.js';

export type Element = 'F32' | 'I32' | 'U32' | 'U8';

export interface TensorEntry {
  readonly type: Element;
  readonly shape: Shape;
  readonly values: Float32Array | Int32Array | Uint32Array | Uint8Array;
}

/** What a file holds. */
export interface Safetensors {
  readonly tensors: Map<string, TensorEntry>;
  /** The words that the file has about itself. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

const WIDTH: Readonly<Record<Element, number>> = { F32: 4, I32: 4, U32: 4, U8: 1 };
/** Of the header; the format's own limit. */
const LARGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';

/** A file's bytes. Tensors are stored in the order of the map. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorEntry>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { [METADATA]: metadata } : {};
  let end = 0;
  for (const [name, { type, shape, values }] of tensors) {
    const begin = end;
    end += values.byteLength;
    header[name] = { dtype: type, shape, data_offsets: [begin, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // The values start at a multiple of eight.
  const start = Math.ceil((8 + json.length) / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let offset = start;
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

/** @throws FormatError if the bytes are no safetensors file, or one with types other than F32, I32, U32 and U8 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { header, data } = readHeader(bytes);
  const tensors = new Map<string, TensorEntry>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== METADATA) tensors.set(name, readTensor(name, entry, data));
  }
  const metadata = header[METADATA];
  return { tensors, metadata: isObject(metadata) ? metadata : {} };
}

const fail = (reason: string): never => {
  throw new FormatError(`not a safetensors file: ${reason}`);
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);

function readHeader(bytes: Uint8Array): { readonly header: Record<string, unknown>; readonly data: Uint8Array } {
  if (bytes.length < 8) fail(`it has only ${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > LARGEST_HEADER || 8 + length > bytes.length) fail(`its header would be ${length} bytes long`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    return fail('its header is no JSON');
  }
  return isObject(header) ? { header, data: bytes.subarray(8 + length) } : fail('its header is no JSON object');
}

function readTensor(name: string, entry: unknown, data: Uint8Array): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    return fail(`tensor ${quoted(name)} has no proper shape and data_offsets`);
  }
  if (typeof dtype !== 'string') return fail(`tensor ${quoted(name)} has no dtype`);
  if (!Object.hasOwn(WIDTH, dtype))
    throw new FormatError(`tensor ${quoted(name)} has type ${quoted(dtype)}; F32, I32, U32 and U8 can be read`);
  const type = dtype as Element;
  const [begin = 0, end = 0] = offsets;
  if (end > data.length || end - begin !== sizeOf(shape) * WIDTH[type]) {
    return fail(
      `tensor ${quoted(name)} of shape ${formatShape(shape)} does not fill bytes ${begin} to ${end} of ${data.length}`,
    );
  }
  // A copy, since views need aligned offsets. (Node's Buffer.slice would not copy.)
  const { buffer } = new Uint8Array(data.subarray(begin, end));
  const make = {
    F32: () => new Float32Array(buffer),
    I32: () => new Int32Array(buffer),
    U32: () => new Uint32Array(buffer),
    U8: () => new Uint8Array(buffer),
  };
  return { type, shape, values: make[type]() };
}

/** Files of the kinds that the readers read, for tests. */
import tar from 'tar-stream';

export interface TarEntry extends Partial<tar.Header> {
  readonly name: string;
  readonly content?: Uint8Array;
}

/** A tar archive of these entries. */
export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { content, ...header } of entries) {
    if (content) pack.entry(header, Buffer.from(content));
    else pack.entry(header);
  }
  pack.finalize();
  const parts: Buffer[] = [];
  for await (const part of pack) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** An IDX file: elements of `type` (8 for bytes), as they lie in it. */
export function idx(type: number, shape: readonly number[], elements: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = type;
  header[3] = shape.length;
  for (const [i, side] of shape.entries()) header.writeUInt32BE(side, 4 + 4 * i);
  return Buffer.concat([header, elements]);
}

/** A NumPy file, as numpy.save writes it. */
export function npy(descr: string, shape: readonly number[], elements: Uint8Array, fortran = false): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sides}), }`;
  const header = `${text.padEnd(128 - 10 - 1)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header, 'latin1'), elements]);
}

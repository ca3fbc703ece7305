/** Archives of the kinds that the readers read, for tests. */
import { unzipSync, zipSync } from 'fflate';
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

type Level = 0 | 6;

/** A zip archive of these files. */
export const zipOf = (files: Readonly<Record<string, Uint8Array>>, level: Level = 6): Uint8Array =>
  zipSync({ ...files }, { level });

/** A zip archive's files, as another reader than ours sees them. */
export const unzipped = (bytes: Uint8Array): Readonly<Record<string, Uint8Array>> => unzipSync(bytes);

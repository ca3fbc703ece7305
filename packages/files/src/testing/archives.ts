/** Archives of the kinds that the readers read, for tests. */
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

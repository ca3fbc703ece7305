/** The content of a file, piece by piece, unpacked on the way by the browser where it is packed. */
export async function* piecesOf(content: Blob, packed?: CompressionFormat): AsyncGenerator<Uint8Array> {
  const raw: ReadableStream<Uint8Array<ArrayBuffer>> = content.stream();
  const stream = packed ? raw.pipeThrough(new DecompressionStream(packed)) : raw;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // of a damaged stream, the error is known already
  }
}

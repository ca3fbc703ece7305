/**
 * Looks for values that are not finite in what a model keeps on the device: weights, moving averages, the optimizer's
 * own buffers. One dispatch a buffer, or a piece of it that the device binds at once, recorded once, and one small
 * read.
 */
import {
  countNotFinite,
  type Gpu,
  type NotFinite,
  notFiniteOf,
  type Piece,
  pieceOf,
  piecesOf,
  Recorder,
  type Recording,
  SLICE_ALIGNMENT,
  type Storage,
} from '@anke/kernels';

interface CheckedPiece extends Piece {
  /** The buffer's index among those that are looked at. */
  readonly buffer: number;
}

/** Counts in several buffers at once. */
export class FiniteCheck {
  private constructor(
    private readonly recording: Recording,
    /** The counts of each piece, `SLICE_ALIGNMENT` bytes apart. */
    private readonly found: Storage,
    private readonly pieces: readonly CheckedPiece[],
    private readonly buffers: number,
  ) {}

  /** @param buffers of float32; none is empty */
  static async of(gpu: Gpu, buffers: readonly Storage[]): Promise<FiniteCheck> {
    const pieces = buffers.flatMap(({ bytes }, buffer): CheckedPiece[] =>
      piecesOf(bytes / 4, gpu).map((piece) => ({ ...piece, buffer })),
    );
    const found = gpu.storage('values that are not finite', pieces.length * SLICE_ALIGNMENT, 'u32');
    const recorder = new Recorder(gpu, { fuse: false });
    pieces.forEach((piece, i) => {
      const x = pieceOf(buffers[piece.buffer] as Storage, piece);
      const slot = found.slice(`those of ${x.label}`, i * SLICE_ALIGNMENT, SLICE_ALIGNMENT);
      recorder.dispatch(countNotFinite, { length: piece.length }, { x, found: slot }, 'plain');
    });
    try {
      return new FiniteCheck(await recorder.finish(), found, pieces, buffers.length);
    } catch (error) {
      found.destroy();
      throw error;
    }
  }

  /** What there is in each buffer now; undefined where all is finite. */
  async run(): Promise<(NotFinite | undefined)[]> {
    const { gpu } = this.recording;
    gpu.write(this.found, new Uint32Array(this.found.bytes / 4));
    this.recording.submit();
    const words = await gpu.readWords(this.found);
    const results = new Array<NotFinite | undefined>(this.buffers).fill(undefined);
    this.pieces.forEach(({ buffer, offset }, i) => {
      const piece = notFiniteOf(words.subarray((i * SLICE_ALIGNMENT) / 4));
      const before = results[buffer];
      if (!piece) return;
      const count = (before?.count ?? 0) + piece.count;
      results[buffer] = { count, first: before?.first ?? offset + piece.first };
    });
    return results;
  }

  destroy(): void {
    this.recording.destroy();
    this.found.destroy();
  }
}

/** The pad: strokes of a mouse, a finger or a pen, and the image that the network is given of them. */
import type { DataFacts, Picture } from '../protocol.js';
import { inkOf, type PenPoint } from './centre.js';
import { byId } from './element.js';
import { pictureTile } from './tile.js';

export class DrawPad {
  readonly #canvas = byId('pad', HTMLCanvasElement);
  readonly #seen = byId('seen', HTMLCanvasElement);
  #strokes: PenPoint[][] = [];
  #data: Pick<DataFacts, 'shape' | 'darkInk'> = { shape: [28, 28, 1], darkInk: false };
  /** What is on the pad, as the network sees it. */
  picture: Picture | undefined;

  /** @param onChange is called with the image whenever it has changed */
  constructor(private readonly onChange: (picture: Picture | undefined) => void) {
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      this.#strokes.push([this.#at(event)]);
      this.#show();
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      this.#strokes.at(-1)?.push(...(moves.length > 0 ? moves : [event]).map((move) => this.#at(move)));
      this.#show();
    });
  }

  /** The images that the network takes from now on; the pad is empty again. */
  take(data: Pick<DataFacts, 'shape' | 'darkInk'>): void {
    this.#data = data;
    this.clear();
  }

  clear(): void {
    this.#strokes = [];
    this.#show();
  }

  /** Puts an image on the pad in place of a drawing. */
  put(picture: Picture): void {
    this.#strokes = [];
    this.#give(picture);
    const context = this.#context();
    context.imageSmoothingEnabled = false;
    const { width, height } = this.#canvas;
    context.drawImage(pictureTile(picture), 0, 0, width, height);
  }

  #at({ clientX, clientY }: MouseEvent): PenPoint {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const { width: columns, height: rows } = this.#canvas;
    return { x: ((clientX - left) * columns) / width, y: ((clientY - top) * rows) / height };
  }

  #context(): CanvasRenderingContext2D {
    const context = this.#canvas.getContext('2d') as CanvasRenderingContext2D;
    context.fillStyle = '#000';
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    return context;
  }

  #show(): void {
    const context = this.#context();
    context.strokeStyle = '#fff';
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.lineWidth = this.#canvas.width / 14;
    for (const [first, ...others] of this.#strokes) {
      if (!first) continue;
      context.beginPath();
      context.moveTo(first.x, first.y);
      for (const { x, y } of others.length > 0 ? others : [first]) context.lineTo(x, y);
      context.stroke();
    }
    this.#give(this.#strokes.length === 0 ? undefined : this.#drawn());
  }

  #drawn(): Picture {
    const { shape, darkInk } = this.#data;
    const [height, width, channels] = shape;
    const ink = inkOf(this.#strokes, [height, width]);
    const pixels = Uint8Array.from({ length: ink.length * channels }, (_, i) => {
      const value = ink[Math.floor(i / channels)] as number;
      return darkInk ? 255 - value : value;
    });
    return { pixels, height, width, channels };
  }

  #give(picture: Picture | undefined): void {
    this.picture = picture;
    const { shape } = this.#data;
    [this.#seen.height, this.#seen.width] = shape; // also clears it
    if (picture) this.#seen.getContext('2d')?.drawImage(pictureTile(picture), 0, 0);
    this.onChange(picture);
  }
}

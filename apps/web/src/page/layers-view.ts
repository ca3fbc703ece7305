/** What each layer makes of an image: maps of a convolution as tiles, units of a dense layer as a strip. */
import type { LayerActivation } from '../protocol.js';
import { html, make } from './element.js';
import { signedTile } from './tile.js';

const MOST_MAPS = 24;

export function showActivations(layers: readonly LayerActivation[]): void {
  html('activations').replaceChildren(...layers.map(row));
}

function row({ layer, type, shape, values }: LayerActivation): HTMLElement {
  const finite = values.filter(Number.isFinite);
  const most = finite.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const strange = values.length - finite.length;
  const note = strange === 0 ? '' : `, ${strange} of them not finite`;
  const title = make('h4', '', layer, make('span', 'quiet', ` ${type}, ${shape.join(' × ')}${note}`));
  const [height = 1, width = 1, channels = 1] = shape;
  if (shape.length !== 3) {
    const strip = signedTile(values, [1, values.length], most);
    strip.className = 'strip';
    return make('div', 'layer', title, strip);
  }
  const maps = Array.from({ length: Math.min(channels, MOST_MAPS) }, (_, channel) => {
    const map = Float32Array.from({ length: height * width }, (__, at) => values[at * channels + channel] as number);
    return make('li', '', signedTile(map, [height, width], most));
  });
  const rest = channels > MOST_MAPS ? [make('li', 'quiet', `and ${channels - MOST_MAPS} more`)] : [];
  return make('div', 'layer', title, make('ul', 'tiles maps', ...maps, ...rest));
}

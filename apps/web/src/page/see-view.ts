/** What the network sees: the confusion matrix, the worst mistakes, the filters of the first convolution. */
import type { DataFacts, FilterFacts, Look, Mistake, Picture } from '../protocol.js';
import { html, make } from './element.js';
import { pictureTile, signedTile } from './tile.js';

/** Beyond this many classes, a matrix is no picture any more. */
const MOST_CLASSES = 40;

export function showLook(look: Look, { classNames }: DataFacts, choose: (picture: Picture) => void): void {
  html('confusion').replaceChildren(confusion(look.matrix, classNames));
  html('mistakes').replaceChildren(...look.mistakes.map((mistake) => mistakeItem(mistake, classNames, choose)));
  if (look.filters) showFilters(look.filters);
}

function confusion(matrix: Look['matrix'], names: readonly string[]): HTMLElement {
  if (!matrix) return make('p', 'quiet', 'This network does not tell classes apart.');
  if (matrix.length > MOST_CLASSES) return make('p', 'quiet', `${matrix.length} classes are too many to show here.`);
  const caption = make('caption', 'hidden', 'Images by true class (rows) and predicted class (columns)');
  const head = make('tr', '', make('td', ''), ...names.map((name) => header(name, 'col')));
  const rows = matrix.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    const cells = row.map((images, j) => {
      const cell = make('td', i === j ? 'right' : 'wrong', images === 0 ? '' : String(images));
      cell.style.setProperty('--share', String(total === 0 ? 0 : images / total));
      return cell;
    });
    return make('tr', '', header(names[i] ?? '', 'row'), ...cells);
  });
  return make('table', 'confusion', caption, make('thead', '', head), make('tbody', '', ...rows));
}

function header(name: string, scope: 'row' | 'col'): HTMLElement {
  const cell = make('th', '', name);
  cell.scope = scope;
  return cell;
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

function mistakeItem(
  { picture, label, predicted, confidence }: Mistake,
  names: readonly string[],
  choose: (picture: Picture) => void,
): HTMLElement {
  const [is, taken] = [names[label] ?? String(label), names[predicted] ?? String(predicted)];
  const tile = make('button', 'tile', pictureTile(picture), make('span', '', `${is} → ${taken}`));
  tile.type = 'button';
  tile.title = `It is ${is}; the network says ${taken}, ${percent(confidence)} sure`;
  tile.setAttribute('aria-label', `${is} → ${taken}: it is ${is}; the network says ${taken}`);
  tile.addEventListener('click', () => choose(picture));
  return make('li', '', tile);
}

/** Each filter's kernel for the first channel: (height, width, channels, filters). */
function showFilters({ shape, values, layer }: FilterFacts): void {
  const [height = 0, width = 0, channels = 1, filters = 0] = shape;
  const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const tiles = Array.from({ length: filters }, (_, filter) => {
    const kernel = Float32Array.from(
      { length: height * width },
      (__, at) => values[at * channels * filters + filter] as number,
    );
    return make('li', '', signedTile(kernel, [height, width], most));
  });
  const list = html('filters');
  list.replaceChildren(...tiles);
  list.setAttribute('aria-label', `${filters} kernels of ${height} × ${width} of the layer ${layer}`);
}

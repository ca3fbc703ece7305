/** The worst mistakes of a model as pictures, those of the same two classes together. */
import type { ImageDataset } from '@anke/data';
import type { EvaluationReport, Mistake } from './evaluation.js';
import { count, percent } from './format.js';
import { html } from './html.js';
import { imagePng, picture } from './pictures.js';

const THUMBNAIL = 84;
/** Probabilities that are shown when an image is opened. */
const LIKELIEST = 5;

const LEGEND =
  'Below each image: how likely the model held what it answered, and what would have been right. ' +
  'Click an image for the five classes that it held most likely.';

/** @param probabilities (images, classes) */
export function mistakes(data: ImageDataset, evaluation: EvaluationReport, probabilities: Float32Array): string {
  if (evaluation.mistakes.length === 0) return '<p>There are none.</p>';
  const names = evaluation.classes.map(({ name }) => name);
  const pairs = pairsOf(evaluation.mistakes).map((pair) => {
    const { label, predicted } = pair[0] as Mistake;
    const all = evaluation.matrix[label]?.[predicted] as number;
    const number =
      all === 1 ? '1 image' : `${pair.length < all ? `the worst ${pair.length} of ` : ''}${count(all)} images`;
    const title = `${html(names[label] as string)} taken for ${html(names[predicted] as string)}`;
    const tiles = pair.map((one) => {
      const first = one.row * names.length;
      return tile(data, one, names, probabilities.subarray(first, first + names.length));
    });
    const heading = `<h3>${title} <span class="dim">· ${number}</span></h3>`;
    return `<div>${heading}<div class="tiles">${tiles.join('')}</div></div>`;
  });
  return `<p class="dim">${LEGEND}</p><div class="pairs">${pairs.join('')}</div>`;
}

/** Mistakes by true class and prediction: the pairs with the most of them first, the worst first in each. */
export function pairsOf(all: readonly Mistake[]): Mistake[][] {
  const pairs = new Map<string, Mistake[]>();
  for (const mistake of all) {
    const key = `${mistake.label} ${mistake.predicted}`;
    pairs.set(key, [...(pairs.get(key) ?? []), mistake]);
  }
  return [...pairs.values()].sort((a, b) => b.length - a.length);
}

function tile(
  data: ImageDataset,
  { row, label, predicted, confidence, share }: Mistake,
  names: readonly string[],
  probabilities: Float32Array,
): string {
  const [height, width] = data.shape;
  const scale = THUMBNAIL / Math.max(height, width);
  const image = data.slice(row, row + 1);
  const [truth, guess] = [names[label] as string, names[predicted] as string];
  const drawn = picture(imagePng(image.shape, image.pixels), width * scale, height * scale, `a ${truth}`);
  const likeliest = Array.from(probabilities, (probability, i) => ({ name: names[i] as string, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, LIKELIEST)
    .map(({ name, probability }) => `<li>${html(name)} ${percent(probability)}</li>`);
  const caption = `<span>${html(guess)}: ${percent(confidence)}</span><span>${html(truth)}: ${percent(share)}</span>`;
  const id = html(image.ids?.[0] ?? `row ${row}`);
  return (
    `<details class="mistake"><summary>${drawn}${caption}</summary>` +
    `<ul><li>${id}</li>${likeliest.join('')}</ul></details>`
  );
}

/** What the network says to the image on the pad. */
import type { DataFacts } from '../protocol.js';
import { html, make } from './element.js';

/** Of more classes, the most likely ones are shown. */
const MOST_BARS = 10;

export function showAnswer(probabilities: Float32Array | undefined, { classNames }: DataFacts): void {
  const given = probabilities ?? new Float32Array(classNames.length);
  const ranked = Array.from(given, (probability, label) => ({ probability, label }));
  const best = ranked.reduce((a, b) => (b.probability > a.probability ? b : a), { probability: 0, label: -1 });
  const text = probabilities ? (classNames[best.label] ?? String(best.label)) : '–';
  const answer = html('answer');
  if (answer.textContent !== text) answer.textContent = text;
  const shown =
    ranked.length <= MOST_BARS ? ranked : ranked.sort((a, b) => b.probability - a.probability).slice(0, MOST_BARS);
  html('bars').replaceChildren(
    ...shown.map(({ probability, label }) => {
      const fill = make('span', 'fill');
      fill.style.setProperty('--share', String(probability));
      const share = make('span', 'value', probabilities ? `${(100 * probability).toFixed(1)}%` : '');
      const name = make('span', 'name', classNames[label] ?? String(label));
      return make('li', probabilities && label === best.label ? 'best' : '', name, make('span', 'track', fill), share);
    }),
  );
}

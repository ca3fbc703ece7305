/** A small picture of the losses in the terminal, while a model trains. */
import { plot } from 'asciichart';
import colors from 'picocolors';

/** The terminal's least width for it. */
export const LIVE_COLUMNS = 72;
const WIDTH = 56;
const HEIGHT = 6;

/**
 * Training and validation loss over the epochs, as lines of text; epochs in between are interpolated.
 *
 * @param losses at least two epochs
 */
export function lossCurves(losses: readonly (readonly [number, number])[]): string[] {
  const finite = losses.filter((pair) => pair.every(Number.isFinite));
  if (finite.length < 2) return [];
  const curve = (which: 0 | 1): number[] =>
    Array.from({ length: WIDTH }, (_, i) => {
      const position = (i / (WIDTH - 1)) * (finite.length - 1);
      const [left, right] = [Math.floor(position), Math.ceil(position)].map(
        (at) => (finite[at] as readonly [number, number])[which],
      );
      return (left as number) + (position % 1) * ((right as number) - (left as number));
    });
  const chart = plot([curve(0), curve(1)], {
    height: HEIGHT,
    format: (value) => value.toFixed(3).padStart(9),
    ...(colors.isColorSupported ? { colors: ['\x1b[36m', '\x1b[33m'] } : {}),
  });
  const legend = `${colors.cyan('loss')} and ${colors.yellow('val_loss')}, epoch 1 to ${losses.length}`;
  return [...chart.split('\n'), `${' '.repeat(11)}${legend}`];
}

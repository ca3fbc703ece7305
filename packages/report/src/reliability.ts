/** The reliability diagram: how often predictions are right, by how sure the model was of them. */
import type { Calibration } from './calibration.js';
import { type Chart, INK } from './chart.js';
import { RIGHT } from './colors.js';

/** A bar for each bin that has images, as high as its accuracy; on the line, accuracy is confidence. */
export function reliabilityChart({ bins }: Calibration): Chart {
  const values = bins.filter(({ images }) => images > 0);
  const axis = (title: string) => ({ type: 'quantitative', title, scale: { domain: [0, 1] }, axis: { format: '%' } });
  return {
    data: { values },
    width: 'container',
    height: 260,
    layer: [
      {
        mark: { type: 'rect', color: RIGHT, opacity: 0.8 },
        encoding: {
          x: { field: 'from', ...axis('confidence of the prediction') },
          x2: { field: 'to' },
          y: { field: 'accuracy', ...axis('share that is right') },
          y2: { datum: 0 },
          tooltip: [
            { field: 'images', type: 'quantitative', format: ',' },
            { field: 'confidence', type: 'quantitative', title: 'mean confidence', format: '.1%' },
            { field: 'accuracy', type: 'quantitative', title: 'share that is right', format: '.1%' },
          ],
        },
      },
      {
        data: { values: [{ confidence: 0 }, { confidence: 1 }] },
        mark: { type: 'line', color: INK, strokeDash: [4, 4], strokeWidth: 1 },
        encoding: {
          x: { field: 'confidence', type: 'quantitative' },
          y: { field: 'confidence', type: 'quantitative' },
        },
      },
    ],
  };
}

/**
 * What may be said of a cross-entropy beside its rows: targets that are smoothed, rows that weigh more than others.
 * Text of shaders, and targets for references; without either, shaders are as if there were no such thing.
 *
 *   t_j = [j = label] · (1 − ε) + ε / classes          loss = w · Σ_j t_j · (log Σ_k exp(z_k − m) + m − z_j)
 *
 * Label smoothing: Szegedy et al., arXiv:1512.00567, section 7.
 */
import type { Binding } from '../runtime/kernel.js';
import { oneHot, smoothed, type Targets } from './reference.js';

export interface RowsParams {
  readonly rows: number;
  readonly classes: number;
}

export interface RowLossParams extends RowsParams {
  /** ε: the share of each target that is spread over all classes; none if absent. */
  readonly smoothing?: number | undefined;
  /** Whether each row has a factor of its own in the loss. */
  readonly weighted?: boolean | undefined;
}

interface Weighted {
  readonly rows: number;
  readonly weighted?: boolean | undefined;
}

/** A factor for each row. */
export const rowWeights = {
  access: 'read',
  type: 'f32',
  length: (p: Weighted) => p.rows,
  needed: (p: Weighted) => p.weighted === true,
  sample: (_, draw) => 2 * draw.uniform(),
} as const satisfies Binding<Weighted>;

/** KEEP and SPREAD, by which a target is smoothed. */
export const smoothingConstants = ({ smoothing = 0, classes }: RowLossParams) =>
  smoothing > 0 ? { KEEP: { f32: 1 - smoothing }, SPREAD: { f32: smoothing / classes } } : {};

/** Factor of a row, as the end of a product. */
export const weightWgsl = ({ weighted }: RowLossParams): string => (weighted ? ' * rowWeights[row]' : '');

/** A line for each class j, which adds up Σ (m − z_j) in `distance`, a variable that this declares too. */
export const distanceWgsl = ({ smoothing = 0 }: RowLossParams) =>
  smoothing > 0 ? { declare: 'var distance = 0.0;', add: 'distance += largest - logits[start + j];' } : undefined;

/** A row's loss, from `total`, `largest`, `start`, `label` and what {@link distanceWgsl} adds up. */
export function rowLossWgsl(p: RowLossParams): string {
  const own = 'largest - logits[start + label]';
  const loss = p.smoothing ? `log(total) + KEEP * (${own}) + SPREAD * distance` : `log(total) + (${own})`;
  return p.weighted ? `(${loss})${weightWgsl(p)}` : loss;
}

/** The target of class j. */
export const targetWgsl = ({ smoothing }: RowLossParams): string =>
  smoothing ? 'select(SPREAD, KEEP + SPREAD, j == label)' : 'select(0.0, 1.0, j == label)';

/** The rows' targets, as references take them. */
export const targetsOf = (
  { classes, smoothing, weighted }: RowLossParams,
  { labels, rowWeights: weights }: { readonly labels: ArrayLike<number>; readonly rowWeights: Float64Array },
): Targets => ({
  values: smoothed(oneHot(labels, classes), classes, smoothing),
  weights: weighted ? weights : undefined,
});

/** Roundings that smoothing and weights add: of two constants and two products; of the product with the weight. */
export const extraTerms = ({ smoothing, weighted }: Omit<RowLossParams, keyof RowsParams>): number =>
  (smoothing ? 4 : 0) + (weighted ? 1 : 0);

/**
 * The values that weights have before training, by Keras's names.
 *
 * Six draw numbers whose variance follows the fans of the weight (the numbers of products that an output is a sum of,
 * and that an input takes part in), so that neither activations nor gradients grow or vanish from layer to layer:
 *
 *   glorot   variance 2 / (fanIn + fanOut)    Glorot and Bengio, AISTATS 2010
 *   he       variance 2 / fanIn               He et al., ICCV 2015
 *   lecun    variance 1 / fanIn               LeCun et al., «Efficient BackProp», 1998
 *
 * Source of the formulas and defaults: keras/src/initializers/random_initializers.py.
 */
import { quoted } from '@anke/messages';
import { Random } from '@anke/random';
import { type Shape, sizeOf } from '../autograd/tensor.js';

/** The initializers with the defaults of their options. */
export const INITIALIZERS = {
  /** All elements are `value`. */
  constant: { value: 0 },
  glorotNormal: {},
  glorotUniform: {},
  heNormal: {},
  heUniform: {},
  lecunNormal: {},
  lecunUniform: {},
  ones: {},
  /** Of a normal distribution. */
  randomNormal: { mean: 0, stddev: 0.05 },
  /** Between `minval` and `maxval`. */
  randomUniform: { minval: -0.05, maxval: 0.05 },
  /** Of a normal distribution, drawn anew where they are more than two standard deviations from its mean. */
  truncatedNormal: { mean: 0, stddev: 0.05 },
  zeros: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

export type InitializerName = keyof typeof INITIALIZERS;

type OptionsOf<N extends InitializerName> = { readonly [O in keyof (typeof INITIALIZERS)[N]]: number };

/** An initializer with options, those that are absent being the defaults. */
type WithOptions = { [N in InitializerName]: { readonly type: N } & Partial<OptionsOf<N>> }[InitializerName];

/** A name, or `{ type: name, …options }`. */
export type Initializer = InitializerName | WithOptions;

/** Products that an output is a sum of, and that an input takes part in. */
interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** As Keras counts them: the last two axes are inputs and outputs, the others the area of a convolution's kernel. */
function fansOf(shape: Shape): Fans {
  const [last = 1] = shape.slice(-1);
  const [before = last] = shape.slice(-2, -1);
  const area = sizeOf(shape.slice(0, -2));
  return { fanIn: area * before, fanOut: area * last };
}

/** Draws one element. */
type Draw = (random: Random) => number;

/** A number of a standard normal distribution, drawn anew until it lies in ±2. */
function truncated(random: Random): number {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= 2) return value;
  }
}

/** The standard deviation of {@link truncated}, which Keras writes as 0.87962566103423978. */
const TRUNCATED_DEVIATION = 0.8796256610342398;

const uniform = (variance: number): Draw => {
  const limit = Math.sqrt(3 * variance);
  return (random) => random.between(-limit, limit);
};

const normal = (variance: number): Draw => {
  const deviation = Math.sqrt(variance) / TRUNCATED_DEVIATION;
  return (random) => deviation * truncated(random);
};

const glorot = ({ fanIn, fanOut }: Fans): number => 2 / (fanIn + fanOut);
const he = ({ fanIn }: Fans): number => 2 / fanIn;
const lecun = ({ fanIn }: Fans): number => 1 / fanIn;

const DRAWS: { readonly [N in InitializerName]: (options: OptionsOf<N>, fans: Fans) => Draw } = {
  constant:
    ({ value }) =>
    () =>
      value,
  glorotNormal: (_, fans) => normal(glorot(fans)),
  glorotUniform: (_, fans) => uniform(glorot(fans)),
  heNormal: (_, fans) => normal(he(fans)),
  heUniform: (_, fans) => uniform(he(fans)),
  lecunNormal: (_, fans) => normal(lecun(fans)),
  lecunUniform: (_, fans) => uniform(lecun(fans)),
  ones: () => () => 1,
  randomNormal:
    ({ mean, stddev }) =>
    (random) =>
      mean + stddev * random.normal(),
  randomUniform:
    ({ minval, maxval }) =>
    (random) =>
      random.between(minval, maxval),
  truncatedNormal:
    ({ mean, stddev }) =>
    (random) =>
      mean + stddev * truncated(random),
  zeros: () => () => 0,
};

/**
 * A weight's first values.
 *
 * @param purpose the weight's full name: each weight has its own random numbers
 */
export function initialValues(
  initializer: Initializer | readonly number[],
  shape: Shape,
  seed: number,
  purpose: string,
): Float32Array {
  if (isValues(initializer)) return Float32Array.from(initializer);
  const { type, ...options } = typeof initializer === 'string' ? { type: initializer } : initializer;
  const draws = DRAWS[type] as (options: Readonly<Record<string, number>>, fans: Fans) => Draw;
  const draw = draws({ ...INITIALIZERS[type], ...options }, fansOf(shape));
  const random = new Random(seed, `weights/${purpose}`);
  return Float32Array.from({ length: sizeOf(shape) }, () => draw(random));
}

const isValues = (initializer: Initializer | readonly number[]): initializer is readonly number[] =>
  Array.isArray(initializer);

/** What is wrong with a value that stands for an initializer. */
export function initializerFault(value: unknown): string | undefined {
  const { type, ...given } = (typeof value === 'string' ? { type: value } : (value ?? {})) as Record<string, unknown>;
  if (typeof type !== 'string' || !Object.hasOwn(INITIALIZERS, type))
    return `must be one of ${Object.keys(INITIALIZERS).join(', ')}, or { "type": one of them, … }`;
  const defaults: Readonly<Record<string, number>> = INITIALIZERS[type as InitializerName];
  const options: Readonly<Record<string, unknown>> = { ...defaults, ...given };
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(defaults, name));
  if (unknown !== undefined) return `has no option ${quoted(unknown)} where it is ${type}`;
  const wrong = Object.entries(options).find(([, one]) => !Number.isFinite(one));
  if (wrong) return `must have a number as its ${wrong[0]}`;
  if ((options['stddev'] as number) < 0) return 'must have a stddev that is not below zero';
  if ((options['minval'] as number) > (options['maxval'] as number))
    return 'must have a maxval that is not below minval';
  return undefined;
}

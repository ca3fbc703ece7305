/**
 * Edges: where a network decides, so that a rounding can change much. A rectifier's input beside 0 (or beside its cap)
 * lets a gradient through or not; of two elements of a pooling's window that are almost equal, the larger one gets it.
 *
 * An {@link EdgeExecutor} computes steps by the kernels' references in float64, sees each decision and how far from its
 * edge it was taken, and can take some of them the other way. It reads plain dispatches, which hide no decision.
 */
import {
  batchNormNormalize,
  type Dispatch,
  EPSILON,
  type Executor,
  type Gpu,
  isOf,
  type Kernel,
  maxPoolForward,
  type PoolParams,
  ReferenceExecutor,
  relu,
  type Storage,
  type StorageType,
} from '@anke/kernels';

/** A decision: by which dispatch of the step that decides, at which element of its output. */
export interface Edge {
  readonly at: number;
  readonly element: number;
  readonly kind: 'relu' | 'pooling';
  readonly layer: string;
  readonly image: number;
  readonly channel: number;
  /** How far from its edge it was taken. */
  readonly margin: number;
  /** How far float32's rounding may easily move what was compared. */
  readonly reach: number;
}

/** All decisions of one dispatch: on which side each element was, or which element of its window won. */
interface Decisions {
  readonly sides: Float64Array;
  edge(element: number): Edge;
}

/** What is equal in float64 comes from equal numbers: it is equal on a device too, and stands on no edge. */
const same = (margin: number): number => (margin === 0 ? Number.POSITIVE_INFINITY : margin);

export class EdgeExecutor implements Executor {
  readonly #reference: ReferenceExecutor;
  /** What wrote each activation of the step. */
  readonly #producers = new Map<Storage, Dispatch>();
  readonly #reaches = new Map<Storage, Float64Array>();
  #decisions: Decisions[] = [];
  #flips: readonly Edge[] = [];

  /** @param batch images of a step */
  constructor(
    readonly gpu: Gpu,
    readonly batch: number,
  ) {
    this.#reference = new ReferenceExecutor(gpu);
  }

  /** Begins a step that takes these decisions the other way. */
  begin(flips: readonly Edge[]): void {
    this.#producers.clear();
    this.#reaches.clear();
    this.#decisions = [];
    this.#flips = flips;
  }

  /** Decisions of the last step that rounding might have changed, those nearest to their edges first. */
  near(): Edge[] {
    const edges = this.#decisions.flatMap(({ sides, edge }) => Array.from(sides, (_, element) => edge(element)));
    const near = edges.filter(({ margin, reach }) => margin < reach);
    return near.sort((a, b) => a.margin / a.reach - b.margin / b.reach);
  }

  /** Decisions of the last step that differ from those of another executor's. */
  differences(other: EdgeExecutor): Edge[] {
    return this.#decisions.flatMap(({ sides, edge }, i) => {
      const others = other.#decisions[i]?.sides;
      const elements = Array.from(sides.keys()).filter((element) => sides[element] !== others?.[element]);
      return elements.map(edge);
    });
  }

  temporary(label: string, bytes: number, type?: StorageType): Storage {
    return this.#reference.temporary(label, bytes, type);
  }

  values(storage: Storage): Float64Array {
    return this.#reference.values(storage);
  }

  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Partial<Record<B, Storage>>>,
  ): void {
    const dispatch: Dispatch = {
      kernel: kernel as unknown as Kernel,
      params,
      bindings: bindings as Dispatch['bindings'],
    };
    if (isOf(dispatch, relu)) this.#decideRelu(dispatch.params.rectifier.cap, dispatch.bindings.x);
    if (isOf(dispatch, maxPoolForward)) this.#decidePooling(dispatch.params, dispatch.bindings.x);
    this.#reference.dispatch(kernel, params, bindings);
    for (const [name, storage] of Object.entries<Storage | undefined>(bindings))
      if (storage && kernel.bindings[name as B]?.access === 'write') this.#producers.set(storage, dispatch);
  }

  #decideRelu(cap: number | undefined, input: Storage): void {
    const x = this.values(input);
    for (const { element } of this.#flipsOfNext()) {
      // Just beyond the edge, so that nothing but the decision changes.
      const value = x[element] as number;
      if (cap === undefined || value < cap / 2) x[element] = value > 0 ? 0 : Number.EPSILON;
      else x[element] = value < cap ? cap : cap * (1 - Number.EPSILON);
    }
    const distance = (value: number): number =>
      same(Math.min(Math.abs(value), cap === undefined ? Number.POSITIVE_INFINITY : Math.abs(value - cap)));
    const sides = x.map((value) => (value <= 0 ? 0 : cap !== undefined && value >= cap ? 2 : 1));
    this.#note('relu', input, sides, (element) => ({ margin: distance(x[element] as number), input: element }));
  }

  #decidePooling(params: PoolParams, input: Storage): void {
    const x = this.values(input);
    const inputs = { x, y: x, winner: x };
    for (const { element } of this.#flipsOfNext()) {
      const [first, second] = this.#rivals(params, x, element);
      if (second !== undefined) [x[first], x[second]] = [x[second] as number, x[first] as number];
    }
    const { winner } = maxPoolForward.reference(params, inputs);
    this.#note('pooling', input, winner as Float64Array, (element) => {
      const [first, second] = this.#rivals(params, x, element);
      return { margin: same(second === undefined ? 0 : (x[first] as number) - (x[second] as number)), input: first };
    });
  }

  /** Where the largest element of a window lies, and the largest of those that are less. */
  #rivals(p: PoolParams, x: Float64Array, output: number): [first: number, second: number | undefined] {
    const c = output % p.channels;
    const ox = Math.floor(output / p.channels) % p.outWidth;
    const oy = Math.floor(output / (p.channels * p.outWidth)) % p.outHeight;
    const n = Math.floor(output / (p.channels * p.outWidth * p.outHeight));
    const inputs: number[] = [];
    for (let ky = 0; ky < p.poolHeight; ky++)
      for (let kx = 0; kx < p.poolWidth; kx++) {
        const [iy, ix] = [oy * p.strideHeight + ky - p.padTop, ox * p.strideWidth + kx - p.padLeft];
        if (iy >= 0 && iy < p.height && ix >= 0 && ix < p.width)
          inputs.push(((n * p.height + iy) * p.width + ix) * p.channels + c);
      }
    const largest = inputs.reduce((best, i) => ((x[i] as number) > (x[best] as number) ? i : best));
    const less = inputs.filter((i) => (x[i] as number) < (x[largest] as number));
    const [start] = less;
    return [
      largest,
      start === undefined ? undefined : less.reduce((a, b) => ((x[b] as number) > (x[a] as number) ? b : a)),
    ];
  }

  #flipsOfNext(): Edge[] {
    return this.#flips.filter(({ at }) => at === this.#decisions.length);
  }

  #note(
    kind: Edge['kind'],
    input: Storage,
    sides: Float64Array,
    of: (element: number) => { readonly margin: number; readonly input: number },
  ): void {
    const at = this.#decisions.length;
    const { layer, channels } = this.#originOf(input);
    this.#decisions.push({
      sides,
      edge: (element) => {
        const { margin, input: from } = of(element);
        const place = { image: Math.floor((element / sides.length) * this.batch), channel: element % channels };
        return { at, element, kind, layer, ...place, margin, reach: this.#reachOf(input)[from] as number };
      },
    });
  }

  /**
   * The layer whose weights an activation was computed with, and its channels: a weight's label is `layer/weight`, and
   * that of a bias or a shift has one element for each channel.
   */
  #originOf(storage: Storage): { readonly layer: string; readonly channels: number } {
    const producer = this.#producers.get(storage);
    if (!producer) return { layer: 'the input', channels: 1 };
    const weight = Object.values(producer.bindings).find(({ label }) => label.includes('/'));
    if (!weight) return this.#originOf(this.#firstInput(producer));
    const { bias, beta } = producer.bindings;
    return { layer: weight.label.split('/')[0] as string, channels: ((bias ?? beta)?.bytes ?? 4) / 4 };
  }

  #firstInput({ kernel, bindings }: Dispatch): Storage {
    const name = Object.keys(kernel.bindings).find((one) => kernel.bindings[one]?.access === 'read' && bindings[one]);
    return bindings[name as string] as Storage;
  }

  /**
   * How far rounding may easily move each element: roundings go up as often as down, so that the error of a sum grows
   * with the root of its length. Through a normalization, the error of its input comes along.
   */
  #reachOf(storage: Storage): Float64Array {
    const known = this.#reaches.get(storage);
    if (known) return known;
    const producer = this.#producers.get(storage);
    const reach = producer ? this.#reachBehind(producer, storage) : new Float64Array(this.values(storage).length);
    this.#reaches.set(storage, reach);
    return reach;
  }

  #reachBehind(producer: Dispatch, output: Storage): Float64Array {
    if (isOf(producer, relu)) return this.#reachOf(producer.bindings.x);
    const { kernel, params, bindings } = producer;
    const inputs = Object.fromEntries(
      Object.entries(kernel.bindings).map(([name, { length }]) => {
        const storage = bindings[name];
        return [name, storage ? this.values(storage).subarray(0, length(params)) : new Float64Array()];
      }),
    );
    const name = Object.keys(bindings).find((one) => bindings[one] === output) as string;
    const scale = 2 * EPSILON * Math.sqrt(kernel.terms(params));
    const own = (kernel.magnitudes(params, inputs)[name] as Float64Array).map(
      (magnitude) => scale * Math.abs(magnitude),
    );
    if (!isOf(producer, batchNormNormalize)) return own;
    const { variance, gamma } = inputs as Record<'variance' | 'gamma', Float64Array>;
    const zeros = variance.map(() => 0);
    const x = this.#reachOf(producer.bindings.x);
    const passed = batchNormNormalize.reference(producer.params, {
      x,
      mean: zeros,
      variance,
      gamma,
      beta: zeros,
      addend: zeros,
      y: x,
    }).y;
    return own.map((value, i) => value + Math.abs(passed?.[i] as number));
  }
}

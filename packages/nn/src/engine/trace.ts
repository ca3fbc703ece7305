/**
 * Finds out where a step's values stopped being finite: runs its plain dispatches once more and counts behind each what
 * it wrote. That is slow and happens once, when a pass has found that there are such values.
 */
import {
  countNotFinite,
  type Executor,
  type Gpu,
  type Kernel,
  notFiniteOf,
  Recorder,
  SLICE_ALIGNMENT,
  type Storage,
  type StorageType,
  storageTypes,
} from '@anke/kernels';

/** The first dispatch of a step that wrote a value which is not finite. */
export interface Culprit {
  /** The part of the step: a layer or the loss, forward or backward. */
  readonly scope: string;
  readonly kernel: string;
  readonly output: Storage;
  /** Values that are not finite, of how many. */
  readonly count: number;
  readonly length: number;
}

interface Sent {
  readonly scope: string;
  readonly kernel: Kernel;
  readonly params: object;
  readonly bindings: Readonly<Record<string, Storage>>;
}

/** Notes what is sent, with the part of the step that it belongs to. */
class Notes implements Executor {
  readonly sent: Sent[] = [];
  readonly recorder: Recorder;
  #scope = '';

  constructor(readonly gpu: Gpu) {
    this.recorder = new Recorder(gpu, { fuse: false });
  }

  scope(name: string): void {
    this.#scope = name;
  }

  temporary(label: string, bytes: number, type?: StorageType): Storage {
    return this.recorder.temporary(label, bytes, type);
  }

  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Partial<Record<B, Storage>>>,
  ): void {
    const general = kernel as unknown as Kernel;
    this.sent.push({ scope: this.#scope, kernel: general, params, bindings: bindings as Sent['bindings'] });
  }
}

/** What a dispatch writes as floats. */
const outputsOf = ({ kernel, params, bindings }: Sent) =>
  Object.entries(kernel.bindings).flatMap(([name, { access, type, length, needed }]) => {
    const storage = bindings[name];
    if (access === 'read' || type !== 'f32' || !storage || needed?.(params) === false) return [];
    return [{ storage, length: length(params) }];
  });

/**
 * @param send sends the step
 * @returns undefined if all that the step wrote is finite
 */
export async function trace(gpu: Gpu, send: (executor: Executor) => void): Promise<Culprit | undefined> {
  const notes = new Notes(gpu);
  send(notes);
  const counted = notes.sent.flatMap((sent) => outputsOf(sent).map((output) => ({ sent, ...output })));
  const found = gpu.storage('values that are not finite', counted.length * SLICE_ALIGNMENT, 'u32');
  const { recorder } = notes;
  let slot = 0;
  for (const sent of notes.sent) {
    const { kernel, params, bindings } = sent;
    // A variant that is named is not looked for by the tuner.
    const variant = gpu.compiler.variantOf(kernel, params, undefined, storageTypes({ bindings }));
    recorder.dispatch(kernel, params, bindings, variant);
    for (const { storage, length } of outputsOf(sent)) {
      const counts = found.slice(storage.label, slot++ * SLICE_ALIGNMENT, SLICE_ALIGNMENT);
      recorder.dispatch(countNotFinite, { length }, { x: storage, found: counts }, 'plain');
    }
  }
  try {
    const recording = await recorder.finish();
    recording.submit();
    const words = await gpu.readWords(found);
    recording.destroy();
    for (const [i, { sent, storage, length }] of counted.entries()) {
      const values = notFiniteOf(words.subarray((i * SLICE_ALIGNMENT) / 4));
      if (values) return { scope: sent.scope, kernel: sent.kernel.name, output: storage, count: values.count, length };
    }
    return undefined;
  } finally {
    found.destroy();
  }
}

/**
 * The dispatches of a step as a list that passes rewrite: which dispatch writes a storage, which ones read it, and
 * which may run in another order.
 *
 * Temporaries are written once and then only read, so that the dispatch that writes one is found by its storage alone.
 */
import { checkedDispatch, type Dispatch } from '../runtime/dispatch.js';
import type { Access, Kernel } from '../runtime/kernel.js';
import type { Storage } from '../runtime/storage.js';

/** A dispatch of a known kernel: its parameters and bindings have that kernel's types. */
export interface DispatchOf<P extends object, B extends string> extends Dispatch {
  readonly kernel: Kernel;
  readonly params: P;
  readonly bindings: Readonly<Record<B, Storage>>;
}

export const isOf = <P extends object, B extends string>(
  dispatch: Dispatch | undefined,
  kernel: Kernel<P, B>,
): dispatch is DispatchOf<P, B> => dispatch?.kernel === kernel;

/** One dispatch in place of several: it stands where `at` stood, and does the work of `at` and of all it absorbs. */
export interface Rewrite {
  readonly at: Dispatch;
  readonly by: Dispatch;
  readonly absorbs: readonly Dispatch[];
}

/** A dispatch in place of another, or of several. */
export function replace<P extends object, B extends string>(
  at: Dispatch,
  absorbs: readonly Dispatch[],
  kernel: Kernel<P, B>,
  params: P,
  bindings: Readonly<Partial<Record<B, Storage>>>,
): Rewrite {
  return { at, absorbs, by: checkedDispatch(kernel, params, bindings) };
}

const accessOf = (dispatch: Dispatch, name: string): Access => dispatch.kernel.bindings[name]?.access ?? 'read';

const storagesOf = (dispatch: Dispatch, ...accesses: readonly Access[]): Storage[] =>
  Object.entries(dispatch.bindings).flatMap(([name, storage]) =>
    accesses.includes(accessOf(dispatch, name)) ? [storage] : [],
  );

/** What a dispatch reads, also where it changes it in place. */
export const readBy = (dispatch: Dispatch): Storage[] => storagesOf(dispatch, 'read', 'update');
export const writtenBy = (dispatch: Dispatch): Storage[] => storagesOf(dispatch, 'write', 'update');

const touch = (some: readonly Storage[], others: readonly Storage[]): boolean =>
  some.some((a) => others.some((b) => a.overlaps(b)));

/** Whether two dispatches give the same in either order. */
const commute = (a: Dispatch, b: Dispatch): boolean =>
  !touch(writtenBy(a), readBy(b)) && !touch(writtenBy(a), writtenBy(b)) && !touch(readBy(a), writtenBy(b));

export class Program {
  #dispatches: Dispatch[];
  #readers = new Map<Storage, Dispatch[]>();
  #writers = new Map<Storage, Dispatch[]>();

  /** @param isTemporary whether a storage is read inside the step only */
  constructor(
    dispatches: readonly Dispatch[],
    readonly isTemporary: (storage: Storage) => boolean,
  ) {
    this.#dispatches = [...dispatches];
    this.#index();
  }

  get dispatches(): readonly Dispatch[] {
    return this.#dispatches;
  }

  readers(storage: Storage): readonly Dispatch[] {
    return this.#readers.get(storage) ?? [];
  }

  writers(storage: Storage): readonly Dispatch[] {
    return this.#writers.get(storage) ?? [];
  }

  /** The dispatch that writes a storage, where there is just one. */
  producer(storage: Storage): Dispatch | undefined {
    const writers = this.writers(storage);
    return writers.length === 1 ? writers[0] : undefined;
  }

  /**
   * The last dispatch before `dispatch` that writes this very storage.
   *
   * @param which looks at some of the writers only
   */
  writerBefore(
    storage: Storage,
    dispatch: Dispatch,
    which: (writer: Dispatch) => boolean = () => true,
  ): Dispatch | undefined {
    const end = this.#dispatches.indexOf(dispatch);
    return this.writers(storage).findLast((writer) => this.#dispatches.indexOf(writer) < end && which(writer));
  }

  /** Whether a storage need not exist once `reader` does without it. */
  isReadOnlyBy(storage: Storage, reader: Dispatch): boolean {
    return this.isTemporary(storage) && this.readers(storage).every((other) => other === reader);
  }

  /** Whether a dispatch has been rewritten away. */
  has(dispatch: Dispatch): boolean {
    return this.#dispatches.includes(dispatch);
  }

  /** Whether every absorbed dispatch may move to where `at` stands: it commutes with all that lies between. */
  allows({ at, absorbs }: Rewrite): boolean {
    const group = new Set([at, ...absorbs]);
    const target = this.#dispatches.indexOf(at);
    return absorbs.every((absorbed) => {
      const index = this.#dispatches.indexOf(absorbed);
      const between = this.#dispatches.slice(Math.min(index, target) + 1, Math.max(index, target));
      return between.every((other) => group.has(other) || commute(absorbed, other));
    });
  }

  /** Rewrites, and returns the dispatches whose neighbours have changed. */
  apply({ at, by, absorbs }: Rewrite): Dispatch[] {
    const gone = new Set([at, ...absorbs]);
    const touched = [...gone].flatMap((dispatch) => Object.values(dispatch.bindings));
    this.#dispatches = this.#dispatches
      .map((dispatch) => (dispatch === at ? by : dispatch))
      .filter((dispatch) => !gone.has(dispatch));
    this.#index();
    this.#dropUnread(touched);
    const storages = new Set([...touched, ...Object.values(by.bindings)]);
    return this.#dispatches.filter((dispatch) => Object.values(dispatch.bindings).some((s) => storages.has(s)));
  }

  /** Removes dispatches whose results are not read; adds what they read to `touched`. */
  #dropUnread(touched: Storage[]): void {
    const isRead = (storage: Storage): boolean => !this.isTemporary(storage) || this.readers(storage).length > 0;
    for (;;) {
      const unread = this.#dispatches.filter((dispatch) => !writtenBy(dispatch).some(isRead));
      if (unread.length === 0) return;
      for (const dispatch of unread) touched.push(...Object.values(dispatch.bindings));
      this.#dispatches = this.#dispatches.filter((dispatch) => !unread.includes(dispatch));
      this.#index();
    }
  }

  #index(): void {
    const add = (map: Map<Storage, Dispatch[]>, storage: Storage, dispatch: Dispatch): void => {
      const known = map.get(storage);
      if (known) known.push(dispatch);
      else map.set(storage, [dispatch]);
    };
    this.#readers = new Map();
    this.#writers = new Map();
    for (const dispatch of this.#dispatches) {
      for (const storage of new Set(readBy(dispatch))) add(this.#readers, storage, dispatch);
      for (const storage of new Set(writtenBy(dispatch))) add(this.#writers, storage, dispatch);
    }
  }
}

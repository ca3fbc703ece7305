/**
 * What a fusion rule is: a formula, the dispatches that it joins, and a case that tests run plain, fused and by
 * reference.
 */
import type { Dispatch } from '../runtime/dispatch.js';
import type { Kernel } from '../runtime/kernel.js';
import type { Storage } from '../runtime/storage.js';
import type { Program, Rewrite } from './program.js';

/** Builds the plain dispatches of a rule's case. */
export interface CaseBuilder {
  /** Memory that holds values from outside: standard normal numbers, or what `sample` gives for each index. */
  input(label: string, length: number, sample?: (index: number) => number): Storage;
  /** The same for whole numbers. */
  integers(label: string, values: readonly number[]): Storage;
  temporary(label: string, length: number): Storage;
  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Partial<Record<B, Storage>>>,
  ): void;
}

export interface RuleCase {
  /** Sends the plain dispatches, and returns what is to be compared, by name. */
  build(builder: CaseBuilder): Readonly<Record<string, Storage>>;
  /** Dispatches before and after. */
  readonly plain: number;
  readonly fused: number;
}

export interface Rule {
  readonly name: string;
  /** What is computed, before and after. */
  readonly formula: string;
  /** Why results differ in their last bits, where they do; absent where the arithmetic is the same. */
  readonly rounding?: string;
  /** Whether it is tried only when no other rule fits any more: for kernels that no further rule extends. */
  readonly late?: true;
  /** Kernels at whose dispatches the rule is tried. */
  readonly anchors: readonly Kernel[];
  /** What to rewrite, if the rule fits this dispatch of one of its anchors. */
  match(dispatch: Dispatch, program: Program): Rewrite | undefined;
  readonly cases: readonly RuleCase[];
}

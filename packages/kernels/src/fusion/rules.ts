/** Every fusion rule there is. A new one is a file in `rules/` and a line here; its cases are its test. */
import type { Rule } from './rule.js';
import { batchNormPoolBackwardRule, batchNormPoolGradientsRule, batchNormPoolRule } from './rules/batchnorm-pool.js';
import { batchNormWholeGradientRule, batchNormWholeRule } from './rules/batchnorm-whole.js';
import { decayRule } from './rules/decay.js';
import { dropoutRule, rectifierRule } from './rules/epilogue.js';
import { advanceRule, correctionsRule, crossEntropyRule, penaltiesRule, totalsRule } from './rules/loss-step.js';
import { dropoutMaskRule, maskRule } from './rules/mask.js';
import { paddingGradientRule, paddingRule } from './rules/padding.js';
import { skipGradientRule, skipRule } from './rules/skip.js';

export const RULES: readonly Rule[] = [
  paddingRule,
  paddingGradientRule,
  skipRule,
  skipGradientRule,
  rectifierRule,
  dropoutRule,
  dropoutMaskRule,
  maskRule,
  batchNormPoolRule,
  batchNormPoolGradientsRule,
  batchNormPoolBackwardRule,
  batchNormWholeRule,
  batchNormWholeGradientRule,
  decayRule,
  crossEntropyRule,
  penaltiesRule,
  totalsRule,
  advanceRule,
  correctionsRule,
];

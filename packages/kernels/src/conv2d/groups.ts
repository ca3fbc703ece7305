/**
 * A convolution in groups: input and output channels are cut into as many equal parts, and each part of the output sees
 * its part of the input alone. Kernels are (kh, kw, in / groups, out); output channel co belongs to group
 * ⌊co / (out / groups)⌋.
 */
import type { Conv2dParams } from './geometry.js';

export const isGrouped = ({ groups = 1 }: Conv2dParams): boolean => groups > 1;

/** Input channels of a group. */
export const groupInputs = ({ inChannels, groups = 1 }: Conv2dParams): number => inChannels / groups;
/** Output channels of a group. */
export const groupOutputs = ({ outChannels, groups = 1 }: Conv2dParams): number => outChannels / groups;

/** The sizes as WGSL constants, where there is more than one group. */
export const groupConstants = (p: Conv2dParams): Record<string, number> =>
  isGrouped(p) ? { GROUP_IN: groupInputs(p), GROUP_OUT: groupOutputs(p) } : {};

/** WGSL of the numbers of channels that meet in a product. */
export const groupWgsl = (p: Conv2dParams): { readonly inputs: string; readonly outputs: string } =>
  isGrouped(p) ? { inputs: 'GROUP_IN', outputs: 'GROUP_OUT' } : { inputs: 'IN', outputs: 'OUT' };

/** WGSL that only a convolution in groups needs: what is added to an index, say. */
export const forGroups = (p: Conv2dParams, text: string): string => (isGrouped(p) ? text : '');

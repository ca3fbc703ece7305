/**
 * A convolution in groups: input and output channels are cut into as many equal parts, and each part of the output sees
 * its part of the input alone. Kernels are (kh, kw, in / groups, out); output channel co belongs to group
 * ⌊co / (out / groups)⌋.
 */

export interface ChannelGroups {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Absent where there is one, for the reason that a dilation is (window/dilation.ts). */
  readonly groups?: number;
}

export const isGrouped = ({ groups = 1 }: ChannelGroups): boolean => groups > 1;

/** Input channels of a group. */
export const groupInputs = ({ inChannels, groups = 1 }: ChannelGroups): number => inChannels / groups;
/** Output channels of a group. */
export const groupOutputs = ({ outChannels, groups = 1 }: ChannelGroups): number => outChannels / groups;

/** The sizes as WGSL constants, where there is more than one group. */
export const groupConstants = (p: ChannelGroups): Record<string, number> =>
  isGrouped(p) ? { GROUP_IN: groupInputs(p), GROUP_OUT: groupOutputs(p) } : {};

/** WGSL of the numbers of channels that meet in a product. */
export const groupWgsl = (p: ChannelGroups): { readonly inputs: string; readonly outputs: string } =>
  isGrouped(p) ? { inputs: 'GROUP_IN', outputs: 'GROUP_OUT' } : { inputs: 'IN', outputs: 'OUT' };

/** WGSL that only a convolution in groups needs: what is added to an index, say. */
export const forGroups = (p: ChannelGroups, text: string): string => (isGrouped(p) ? text : '');

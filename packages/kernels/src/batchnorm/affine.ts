/**
 * What a normalization's γ and β are where a layer has none: 1 and 0. Then they are not bound, and a shader has the
 * number itself.
 */
import type { Binding } from '../runtime/kernel.js';
import { channels } from './shapes.js';

export interface AffineParams {
  readonly channels: number;
  /** Whether there is a γ; absent where there is. */
  readonly scale?: false;
  /** Whether there is a β; absent where there is. */
  readonly center?: false;
}

export const gammaBinding = {
  access: 'read',
  type: 'f32',
  length: channels,
  needed: ({ scale }: AffineParams) => scale !== false,
} as const satisfies Binding<AffineParams>;

export const betaBinding = {
  access: 'read',
  type: 'f32',
  length: channels,
  needed: ({ center }: AffineParams) => center !== false,
} as const satisfies Binding<AffineParams>;

/** WGSL of a channel's γ. */
export const gammaWgsl = ({ scale }: AffineParams, channel: string): string =>
  scale === false ? '1.0' : `gamma[${channel}]`;

/** WGSL of a channel's β. */
export const betaWgsl = ({ center }: AffineParams, channel: string): string =>
  center === false ? '0.0' : `beta[${channel}]`;

/** The γ and β that a kernel has, of its parameters. */
export const affineOf = ({ scale, center }: Pick<AffineParams, 'scale' | 'center'>) => ({
  ...(scale === false ? { scale } : {}),
  ...(center === false ? { center } : {}),
});

/** With γ, with both, with β and with neither, in turn: for cases. */
export const AFFINES: readonly Pick<AffineParams, 'scale' | 'center'>[] = [
  { center: false },
  {},
  { scale: false },
  { scale: false, center: false },
];

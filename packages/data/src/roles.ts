/** What a file is for, by its name. */

export type Role = 'train' | 'test' | 'digMnist';

const PATTERNS: readonly (readonly [Role, RegExp])[] = [
  ['digMnist', /dig[-_ ]?mnist/i],
  ['test', /(^|[^a-z])[xy]?(test|t10k)/i],
  ['train', /(^|[^a-z])[xy]?train/i],
];

/** `train`, `test` (or `t10k`, as MNIST says), or Dig-MNIST; undefined if the name does not tell. */
export const roleOf = (name: string): Role | undefined => PATTERNS.find(([, pattern]) => pattern.test(name))?.[0];

/** The last part of a path, which tells more than those before it. */
export const baseName = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

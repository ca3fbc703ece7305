/** What a file is for, by its name. */

/**
 * Images to train on, images that a training is validated on, images to be predicted in the end, or further labelled
 * images to measure a model on.
 */
export type Role = 'train' | 'validation' | 'test' | 'extra';

const PATTERNS: readonly (readonly [Role, RegExp])[] = [
  ['validation', /(^|[^a-z])([xy][-_ ]?)?(val|valid|validation|dev)($|[^a-z])/i],
  ['test', /(^|[^a-z])[xy]?(test|t10k)/i],
  ['train', /(^|[^a-z])[xy]?train/i],
];

/** `train`, `validation` (`val`, `dev`), or `test` (`t10k`, as MNIST says); undefined if the name does not tell. */
export const roleOf = (name: string): Role | undefined => PATTERNS.find(([, pattern]) => pattern.test(name))?.[0];

/** The last part of a path, which tells more than those before it. */
export const baseName = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

/** The folder that a file lies in; empty at the top. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.length - baseName(path).length - 1));

/** NumPy's name for an array that was given none. */
const NAMELESS = /^arr_\d+$/;

/**
 * What names of images and of their labels have in common: `dig_MNIST` for `X_dig_MNIST.npy` and `y_dig_MNIST.npy`,
 * `train` for `train-images-idx3-ubyte`. The folder's, if there is nothing else: `dig` for `dig/images.npy`.
 */
export function sharedName(path: string): string {
  if (path === '') return '';
  const name = baseName(path)
    .replace(/\.gz$/i, '')
    .replace(/(\.np[yz]|\.idx\d?|[-.]?idx\d-ubyte|-ubyte)$/i, '')
    .replace(NAMELESS, '')
    .replace(/(^|[-_. ])(images|labels|x|y)(?=[-_. ]|$)/i, '')
    .replace(/^[xy](?=train|test)/i, '')
    .replace(/^[-_. ]+|[-_. ]+$/g, '');
  return name === '' ? sharedName(folderOf(path)) : name;
}

/** Whether a file that lies beside one of images holds their labels, by its name. */
export function isPartner(images: string, labels: string): boolean {
  const name = baseName(labels);
  const isLabels = /label|(^|[-_. ])y(?=[-_. ]|train|test)/i.test(name);
  const isArray = /(\.np[yz]|\.idx\d?|ubyte)(\.gz)?$/i.test(name);
  return isLabels && isArray && sharedName(name).toLowerCase() === sharedName(baseName(images)).toLowerCase();
}

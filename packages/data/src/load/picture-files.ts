/**
 * The pictures of a source: a folder a class, which may lie in a folder that tells what they are for. Classes are
 * numbered by their folders, for all pictures of the source alike.
 */
import { ImageDataset } from '../dataset.js';
import { DataError } from '../errors.js';
import type { Picture } from '../formats/pictures.js';
import { MOST_CLASSES } from '../labels.js';
import { readWhole, type SourceFile } from '../source.js';
import { type FoundSet, isRead, type LoadOptions, limitOf, type Taken } from './options.js';
import { type PictureSizes, sizeKey, sizesOf } from './picture-sizes.js';
import { baseName, folderOf, type Role, roleOf } from './roles.js';

/** Pictures that are decoded side by side. */
const SIDE_BY_SIDE = 16;

interface NamedPicture extends Picture {
  readonly file: string;
  /** The folder that it lay in; undefined if that is no class. */
  readonly className: string | undefined;
  readonly isGrey: boolean;
}

/** Pictures for one purpose, or in folders of classes that lie side by side. */
interface Group {
  readonly role: Role | undefined;
  readonly name: string;
  readonly pictures: NamedPicture[];
  /** How many of them have a size. */
  readonly sizes: Map<string, number>;
}

const NO_PIXELS = new Uint8Array();

export class PictureFiles {
  readonly #groups = new Map<string, Group>();
  #decoding: Promise<void>[] = [];

  /** @param source the name of what the files lie in, for messages */
  constructor(
    readonly source: string,
    readonly options: LoadOptions,
  ) {}

  /**
   * Reads one picture: `[set/]class/picture`, or `train/picture` and `test/picture` without classes. One that lies in
   * no folder belongs to nothing, unless such are asked for.
   *
   * Where no shape is asked for and a second size appears, pixels are not kept: the pictures must be read again then.
   */
  async take(file: SourceFile): Promise<Taken> {
    const { decodePicture, imageShape, loosePictures = false } = this.options;
    const folder = folderOf(file.name);
    if (folder === '' && !loosePictures) return 'unused';
    const ownRole = roleOf(baseName(folder));
    const role = ownRole ?? roleOf(folderOf(folder));
    if (!isRead(role, this.options)) return 'left';
    const { pictures, sizes } = this.#group(role, baseName(folderOf(folder)));
    // Classes come one after the other, so that all of them are read before any can be left out.
    if (ownRole && pictures.length >= (limitOf(role, this.options) ?? Number.POSITIVE_INFINITY)) return 'left';
    if (!decodePicture) throw new DataError(`${file.name}: this is a picture, and this program cannot decode any`);
    const bytes = await readWhole(file);
    const index = pictures.length;
    const className = ownRole || folder === '' ? undefined : baseName(folder);
    pictures.push({ shape: [0, 0, 0], pixels: NO_PIXELS, file: file.name, className, isGrey: true });
    const decoded = decodePicture(file.name, bytes, imageShape).then(({ shape, pixels }) => {
      const key = sizeKey(shape);
      if (sizes.size === 1 && !sizes.has(key))
        pictures.forEach((picture, i) => {
          pictures[i] = { ...picture, pixels: NO_PIXELS };
        });
      sizes.set(key, (sizes.get(key) ?? 0) + 1);
      const kept = sizes.size > 1 ? NO_PIXELS : pixels;
      pictures[index] = { file: file.name, className, shape, pixels: kept, isGrey: isGrey({ shape, pixels }) };
    });
    decoded.catch(() => undefined); // awaited below, or at the end
    this.#decoding.push(decoded);
    if (this.#decoding.length >= SIDE_BY_SIDE) {
      await Promise.all(this.#decoding);
      this.#decoding = [];
    }
    return 'used';
  }

  /** The sizes of the pictures, where no shape is asked for and they have more than one. */
  async mixedSizes(): Promise<PictureSizes | undefined> {
    const { groups } = await this.#selected();
    return sizesOf(groups.flatMap(({ pictures }) => pictures));
  }

  /** Names of pictures that were read, but are of no class of the data: those of a report beside it. */
  async unused(): Promise<readonly string[]> {
    return (await this.#selected()).others.flatMap(({ pictures }) => pictures.map(({ file }) => file));
  }

  /** The sets of pictures, all of one size: see {@link PictureFiles.mixedSizes}. */
  async finish(): Promise<FoundSet[]> {
    const { groups, classNames } = await this.#selected();
    const sets = this.options.imageShape ? groups : inSameChannels(groups);
    return sets.map((group) => this.#asSet(group, classNames));
  }

  /** The groups that are the data, and those of classes that it does not have. */
  async #selected(): Promise<{
    readonly groups: readonly Group[];
    readonly others: readonly Group[];
    readonly classNames: readonly string[];
  }> {
    await Promise.all(this.#decoding);
    const all = [...this.#groups.values()];
    const named = all.filter(({ role }) => role);
    // If no folder tells what its pictures are for, all of them belong together.
    if (named.length === 0) {
      const pictures = all.flatMap((group) => group.pictures);
      const groups = pictures.length === 0 ? [] : [{ role: undefined, name: '', pictures, sizes: new Map() }];
      return { groups, others: [], classNames: namesOf(pictures) };
    }
    const classNames = namesOf(named.flatMap(({ pictures }) => pictures));
    // Further pictures of the same classes; any others, such as those of a report, are none of the data.
    const isExtra = ({ name, pictures }: Group): boolean =>
      name !== '' && pictures.every(({ className = '' }) => labelOf(className, classNames) >= 0);
    const rest = all.filter(({ role }) => !role);
    const extra = isRead('extra', this.options) ? rest.filter(isExtra) : [];
    return {
      groups: [...named, ...extra.map((group): Group => ({ ...group, role: 'extra' }))],
      others: rest.filter((group) => !isExtra(group)),
      classNames,
    };
  }

  #group(role: Role | undefined, name: string): Group {
    const key = role ?? `extra ${name}`;
    const group = this.#groups.get(key) ?? { role, name, pictures: [], sizes: new Map() };
    this.#groups.set(key, group);
    return group;
  }

  #asSet({ role, name, pictures }: Group, classNames: readonly string[]): FoundSet {
    const ordered = inTurns(pictures).slice(0, limitOf(role, this.options));
    const first = ordered[0] as NamedPicture;
    const length = first.pixels.length;
    const pixels = new Uint8Array(ordered.length * length);
    ordered.forEach(({ pixels: image }, i) => {
      pixels.set(image, i * length);
    });
    const isLabelled = ordered.every(({ className }) => className !== undefined);
    const labels = isLabelled
      ? Uint32Array.from(ordered, ({ className = '' }) => labelOf(className, classNames))
      : undefined;
    const source = role ? `${this.source} (${role === 'extra' ? name : role})` : this.source;
    const ids = ordered.map(({ file }) => file);
    const facts = { labels, ids, classNames: classNames.length > 0 ? classNames : undefined };
    return { role, name, data: new ImageDataset(source, first.shape, pixels, facts) };
  }
}

const isGrey = ({ shape, pixels }: Picture): boolean => {
  if (shape[2] === 1) return true;
  for (let i = 0; i < pixels.length; i += 3)
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return false;
  return true;
};

/** All pictures with one channel if none of them has a colour, whatever their files say; else all with three. */
function inSameChannels(groups: readonly Group[]): Group[] {
  const channels = groups.every(({ pictures }) => pictures.every((picture) => picture.isGrey)) ? 1 : 3;
  return groups.map((group) => ({ ...group, pictures: group.pictures.map((one) => withChannels(one, channels)) }));
}

function withChannels(picture: NamedPicture, channels: 1 | 3): NamedPicture {
  const { shape, pixels } = picture;
  const [height, width, own] = shape;
  if (own === channels) return picture;
  const changed = new Uint8Array(height * width * channels);
  for (let i = 0; i < changed.length; i++) changed[i] = pixels[Math.floor((i * own) / channels)] as number;
  return { ...picture, shape: [height, width, channels], pixels: changed };
}

/** One picture of each class after the other, so that any first part of them holds all classes alike. */
function inTurns(pictures: readonly NamedPicture[]): readonly NamedPicture[] {
  const seen = new Map<string | undefined, number>();
  return pictures
    .map((picture) => {
      const turn = seen.get(picture.className) ?? 0;
      seen.set(picture.className, turn + 1);
      return { picture, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .map(({ picture }) => picture);
}

const NUMBER = /^\d{1,9}$/;

/** The classes of pictures by their folders: numbers from 0 stay as they are, names are sorted. */
function namesOf(pictures: readonly NamedPicture[]): readonly string[] {
  const names = new Set(pictures.flatMap(({ className }) => className ?? []));
  const classes = Math.max(-1, ...[...names].map(Number)) + 1;
  // Two digits are class numbers even with gaps; more of them may be years, unless most numbers have a folder.
  const areNumbers = [...names].every((name) => NUMBER.test(name)) && (classes <= 100 || classes <= 2 * names.size);
  if (areNumbers && classes <= MOST_CLASSES) return Array.from({ length: classes }, (_, i) => String(i));
  return [...names].sort();
}

/** −1 if it is none of the classes. */
function labelOf(className: string, classNames: readonly string[]): number {
  const number = NUMBER.test(className) ? Number(className) : -1;
  return classNames[number] === String(number) ? number : classNames.indexOf(className);
}

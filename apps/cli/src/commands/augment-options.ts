/** The options of ImageDataGenerator on the command line. */
import { FILL_MODES, ImageDataGenerator, type ImageDataGeneratorOptions, ParameterError } from '@anke/data';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.js';
import { GROUP } from './options.js';

export interface AugmentOptions extends Omit<ImageDataGeneratorOptions, 'rescale' | 'validationSplit'> {
  readonly augment?: boolean;
}

/** What `--augment` stands for: defaults that suit handwriting. */
export const USUAL = { rotationRange: 10, widthShiftRange: 0.1, heightShiftRange: 0.1, shearRange: 10, zoomRange: 0.1 };

/** One of each change that suits handwriting. */
export const EXAMPLES: Omit<AugmentOptions, 'augment'> = {
  ...{ ...USUAL, zoomRange: 0.25, brightnessRange: [0.6, 1.4], elasticRange: 0.1, strokeRange: 0.5 },
  ...{ contrastRange: [0.5, 1.5], noise: 20, erasing: 1 },
};

/** A number, or several with commas between them. */
function numbers(text: string): number | number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (values.some(Number.isNaN))
    throw new InvalidArgumentError('It must be a number, or several with commas between them.');
  return values.length === 1 ? (values[0] as number) : values;
}

export const augmentOptions = (command: Command): Command =>
  command
    .optionsGroup(GROUP.augmentation)
    .option(
      '--augment',
      'change training images at random: rotation 10, shifts 0.1, shear 10, zoom 0.1, unless said otherwise',
    )
    .option('--rotation-range <degrees>', 'rotate by up to this many degrees, either way', numbers)
    .option('--width-shift-range <x>', 'shift sideways by up to x: below 1 a share of the width, else pixels', numbers)
    .option(
      '--height-shift-range <x>',
      'shift up or down by up to x: below 1 a share of the height, else pixels',
      numbers,
    )
    .option('--shear-range <degrees>', 'shear by up to this many degrees, either way', numbers)
    .option('--zoom-range <z|low,high>', 'zoom by a factor in 1-z … 1+z, or low … high; below 1 enlarges', numbers)
    .option('--horizontal-flip', 'mirror half of the images left to right')
    .option('--vertical-flip', 'mirror half of the images upside down')
    .option('--brightness-range <low,high>', 'multiply the pixels by a factor in low … high', numbers)
    .addOption(
      new Option('--fill-mode <name>', 'what fills pixels from outside the image; default: nearest').choices(
        FILL_MODES,
      ),
    )
    .option('--cval <x>', 'the pixel value 0 … 255 of --fill-mode constant, and of what is erased', numbers)
    .option('--elastic-range <x>', 'distort smoothly by up to x: below 1 a share of the sides, else pixels', numbers)
    .option('--stroke-range <pixels>', 'thicken or thin strokes by up to so many pixels at each edge', numbers)
    .option('--contrast-range <low,high>', 'multiply the distance from the mean by a factor in low … high', numbers)
    .option('--noise <x>', 'add noise of this standard deviation, of pixels 0 … 255', numbers)
    .option('--erasing <share>', 'erase a rectangle in this share of the images', numbers)
    .option('--erasing-range <low,high>', 'its sides, as shares of the image’s; default: 0.15,0.35', numbers);

const NAMES = [
  'rotationRange',
  'widthShiftRange',
  'heightShiftRange',
  'shearRange',
  'zoomRange',
  'horizontalFlip',
  'verticalFlip',
  'brightnessRange',
  'fillMode',
  'cval',
  'elasticRange',
  'strokeRange',
  'contrastRange',
  'noise',
  'erasing',
  'erasingRange',
] as const;

/** What a command's options say of it, as parameters of a generator. */
export const augmentationOf = (options: AugmentOptions): Omit<AugmentOptions, 'augment'> => ({
  ...(options.augment ? USUAL : {}),
  ...Object.fromEntries(NAMES.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]))),
});

/** The parameters of each change, by what it is called. */
const CHANGES = {
  rotation: ['rotationRange'],
  shift: ['widthShiftRange', 'heightShiftRange'],
  shear: ['shearRange'],
  zoom: ['zoomRange'],
  mirror: ['horizontalFlip'],
  'upside down': ['verticalFlip'],
  elastic: ['elasticRange'],
  strokes: ['strokeRange'],
  brightness: ['brightnessRange'],
  contrast: ['contrastRange'],
  noise: ['noise'],
  erasing: ['erasing', 'erasingRange'],
} as const satisfies Readonly<Record<string, readonly (typeof NAMES)[number][]>>;

/** Each change of an augmentation by itself, and all of them at last. */
export function changesOf(augmentation: Omit<AugmentOptions, 'augment'>): Record<string, typeof augmentation> {
  const { fillMode, cval } = augmentation;
  const edges = { ...(fillMode === undefined ? {} : { fillMode }), ...(cval === undefined ? {} : { cval }) };
  const changes = Object.entries(CHANGES).flatMap(([name, parameters]) => {
    const given = parameters.flatMap((key) => (augmentation[key] === undefined ? [] : [[key, augmentation[key]]]));
    return given.length === 0 ? [] : [[name, { ...edges, ...Object.fromEntries(given) }]];
  });
  return { ...Object.fromEntries(changes), all: augmentation };
}

/**
 * A generator of training images.
 *
 * @throws UsageError if one of its parameters makes no sense, by the name of its option
 */
export function generatorOf(
  augmentation: Omit<AugmentOptions, 'augment'> | undefined,
  validationSplit?: number,
): ImageDataGenerator {
  try {
    return new ImageDataGenerator({
      ...(augmentation as ImageDataGeneratorOptions | undefined),
      ...(validationSplit === undefined ? {} : { validationSplit }),
    });
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    const option = error.parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${option} ${error.reason}`);
  }
}

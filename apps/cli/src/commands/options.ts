/** Groups of options in the help, and checks of their values: what those throw becomes a line of usage error. */
import { type Command, InvalidArgumentError } from 'commander';

/** Headings in the help. */
export const GROUP = {
  training: 'Training:',
  sweep: 'Sweep:',
  model: 'Model:',
  prediction: 'Prediction:',
  picture: 'Picture:',
  server: 'Server:',
  measurement: 'Measurement:',
  data: 'Data:',
  augmentation: 'Augmentation:',
  device: 'Device:',
  output: 'Output:',
} as const;

function whole(text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) {
    throw new InvalidArgumentError(
      most < Number.MAX_SAFE_INTEGER
        ? `It must be an integer in ${least} … ${most}.`
        : `It must be an integer of at least ${least}.`,
    );
  }
  return value;
}

export const positive = (text: string): number => whole(text, 1, Number.MAX_SAFE_INTEGER);
/** Numbers with commas between them. */
export const positiveList = (text: string): number[] => text.split(',').map(positive);

/** `5000:10000`, the second not among them. */
export function rowRange(text: string): { readonly from: number; readonly to: number } {
  const [, from, to] = /^(\d{1,15}):(\d{1,15})$/.exec(text) ?? [];
  if (!(Number(from) < Number(to)))
    throw new InvalidArgumentError('It must be the first row and the one behind the last: 0:5000.');
  return { from: Number(from), to: Number(to) };
}

export const natural = (text: string): number => whole(text, 0, Number.MAX_SAFE_INTEGER);
export const port = (text: string): number => whole(text, 0, 65_535);
export const seed = (text: string): number => whole(text, 0, 2 ** 32 - 1);

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value < 1))
    throw new InvalidArgumentError('It must be a number between 0 and 1.');
  return value;
}

/** The size of a model that comes in several. */
export const sizeOptions = (command: Command): Command =>
  command
    .optionsGroup(GROUP.model)
    .option('--image-size <n>', 'height and width that mobilenetv2 and vgg16 scale images to; default: 224', positive)
    .option('--alpha <x>', 'factor of the widths of mobilenetv2 and vgg16; default: 1', positiveNumber);

/** How a command that trains chooses between the variants of its kernels. */
export const tuningOptions = (command: Command): Command =>
  command
    .optionsGroup(GROUP.device)
    .option('--no-tune', 'take the usual kernel variants instead of timing which are the fastest here')
    .option('--kernels <run>', 'take the kernel variants of this earlier run, to compute the same bits');

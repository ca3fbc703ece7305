/**
 * Datasets: from files to images and labels in memory. Knows no GPU and no disk: it runs in a browser, and the caller
 * says where the files come from (`Source`).
 *
 * @module data
 */
export {
  FILL_MODES,
  type FillMode,
  type ImageAugmentation,
  ImageDataGenerator,
  type ImageDataGeneratorOptions,
} from './augmentation/image-data-generator.js';
export { type CsvOptions, CsvParser, parseCsv } from './csv/parser.js';
export { ImageDataset, type ImageFacts, type ImageShape } from './dataset.js';
export { DataError, ParameterError } from './errors.js';
export type { Unzip } from './formats/npy.js';
export { type DecodePicture, isPicture, type Picture } from './formats/pictures.js';
export {
  areInverted,
  countShared,
  type Inspection,
  inspect,
  missingClasses,
  type PixelStatistics,
  pixelStatistics,
} from './inspection.js';
export type { DataSets } from './load/collection.js';
export { checkExtraClasses, loadData, loadImages, requireTest, requireTraining } from './load/load.js';
export type { LoadOptions } from './load/options.js';
export type { PictureSize, PictureSizes } from './load/picture-sizes.js';
export type { Role } from './load/roles.js';
export { namesOfUnused } from './load/unused.js';
export { memoryFile, memorySource, readWhole, type Source, type SourceFile } from './source.js';
export { type Fold, type Split, type SplitOptions, splitByWriter, splitForValidation } from './split.js';
export { formatSubmission } from './submission.js';
export { type Outline, outlineOf, type PathCommand, type Point } from './synthetic/outline.js';
export { type SyntheticDigits, type SyntheticOptions, synthesize, writeCompetition } from './synthetic/synthetic.js';

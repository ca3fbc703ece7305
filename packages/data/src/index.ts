/**
 * Datasets: from files, archives and downloads to images and labels in memory. Knows no GPU.
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
export { ImageDataset, splitForValidation } from './dataset.js';
export { type DownloadOptions, download } from './download/download.js';
export { type DownloadSource, parseSources } from './download/sources.js';
export { type Unpacked, unpack } from './download/unpack.js';
export { DataError, ParameterError } from './errors.js';
export { decodePicture, isPicture } from './formats/pictures.js';
export {
  areInverted,
  countShared,
  type Inspection,
  inspect,
  missingClasses,
  type PixelStatistics,
  pixelStatistics,
} from './inspection.js';
export {
  type DataSets,
  type LoadOptions,
  loadData,
  loadImages,
  requireTest,
  requireTraining,
} from './load.js';
export { filePieces, plainFile, readWhole, type SourceFile } from './source/file.js';
export { type ArchiveLimits, DEFAULT_LIMITS } from './source/limits.js';
export { openSource, type Source } from './source/source.js';
export { formatSubmission } from './submission.js';
export { type SyntheticOptions, synthesize, writeCompetition } from './synthetic/synthetic.js';

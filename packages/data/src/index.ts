export {
  FILL_MODES,
  type FillMode,
  type ImageAugmentation,
  ImageDataGenerator,
  type ImageDataGeneratorOptions,
} from './augmentation/image-data-generator.js';
export { type Competition, type CompetitionOptions, formatSubmission, readCompetition } from './competition.js';
export { type CsvOptions, parseCsv } from './csv.js';
export { ImageDataset, splitForValidation } from './dataset.js';
export { DataError, ParameterError } from './errors.js';
export { type DataSource, openSource, readFile } from './source.js';
export { type SyntheticOptions, synthesize, writeCompetition } from './synthetic/synthetic.js';

/** The readers, by name. Each is loaded in a process of its own. */
import type { Reader } from './reader.ts';

export const readers: Readonly<Record<string, () => Promise<Reader>>> = {
  csv: async () => (await import('./readers/csv.ts')).csv,
  idx: async () => (await import('./readers/arrays.ts')).idxReader,
  npy: async () => (await import('./readers/arrays.ts')).npyReader,
  npz: async () => (await import('./readers/archives.ts')).npzReader,
  zip: async () => (await import('./readers/archives.ts')).zipReader,
  tar: async () => (await import('./readers/archives.ts')).tarReader,
  gzip: async () => (await import('./readers/archives.ts')).gzipReader,
  png: async () => (await import('./readers/pictures.ts')).pngReader,
  jpeg: async () => (await import('./readers/pictures.ts')).jpegReader,
  safetensors: async () => (await import('./readers/models.ts')).safetensorsReader,
  checkpoint: async () => (await import('./readers/models.ts')).checkpointReader,
  'model.json': async () => (await import('./readers/models.ts')).modelReader,
  onnx: async () => (await import('./readers/models.ts')).onnxReader,
  hdf5: async () => (await import('./readers/models.ts')).hdf5Reader,
  recipe: async () => (await import('./readers/recipes.ts')).recipeReader,
  config: async () => (await import('./readers/settings.ts')).configReader,
  request: async () => (await import('./readers/requests.ts')).requestReader,
};

/**
 * Data from a disk or the network, for Node: opens folders, archives and files as the sources that `@anke/data` reads,
 * downloads and unpacks, decodes pictures, and reads the fonts that synthetic digits are drawn from.
 *
 * @module files
 */
export { type DownloadOptions, download } from './download/download.js';
export { type DownloadSource, parseSources } from './download/sources.js';
export { type Unpacked, unpack } from './download/unpack.js';
export { FilesError } from './errors.js';
export { digitOutlines, digitPaths } from './fonts.js';
export { loadDataAt, loadImagesAt, type PathOptions } from './load.js';
export { isHeld, isLockFile, LockedError, takeLock } from './lock.js';
export { countPixels, decodePicture, isPngOrJpeg, preparePictures } from './pictures.js';
export { plainFile } from './source/disk.js';
export { type ArchiveLimits, DEFAULT_LIMITS } from './source/limits.js';
export { openPacked, openSource } from './source/open.js';
export { DISK, type Disk, isDraft, makeFolder, moveWhole, writeWhole } from './whole.js';

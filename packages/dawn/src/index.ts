export { cacheFolder } from './cache.js';
export { DriverError, type DriverReport, openAdapter } from './open.js';

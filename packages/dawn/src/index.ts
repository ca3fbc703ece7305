/**
 * WebGPU under Node, through Dawn: finds an adapter that computes, and fetches a software driver where there is none.
 *
 * @module dawn
 */
export { cacheFolder } from './cache.js';
export { type Driver, loadDriver } from './driver.js';
export { DriverError } from './errors.js';
export { adapterAgain, type DriverReport, openAdapter } from './open.js';

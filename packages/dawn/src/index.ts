/**
 * WebGPU under Node, through Dawn: finds an adapter that computes, and fetches a software driver where there is none.
 *
 * @module dawn
 */
export { cacheFolder } from './cache.js';
export { type Driver, loadDriver } from './driver.js';
export { adapterAgain, DriverError, type DriverReport, openAdapter } from './open.js';

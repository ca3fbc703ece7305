/**
 * Philox, the counter-based generator that all randomness comes from.
 *
 * @module random
 */
export { philox4x32 } from './philox.js';
export { Random } from './random.js';

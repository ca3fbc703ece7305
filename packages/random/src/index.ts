export { philox4x32 } from './philox.js';
export { Random } from './random.js';

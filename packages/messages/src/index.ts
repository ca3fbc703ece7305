/**
 * Messages for people that are safe to print, whatever was put into them.
 *
 * @module messages
 */
export { NamedError } from './named-error.js';
export { oneLine, quoted } from './text.js';

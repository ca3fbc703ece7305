/** The worker's program: it has the device, so that the page's own thread is free to draw. */
import type { Ask, Say } from '../protocol.js';
import { Engine } from './engine.js';

const engine = new Engine((message: Say) => postMessage(message));
addEventListener('message', ({ data }: MessageEvent<Ask>) => void engine.answer(data));

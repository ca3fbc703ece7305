/** What TypeScript 5 reads in place of index.ts: the types of WebGPU are part of its library DOM since version 6. */
/// <reference types="@webgpu/types" preserve="true" />
export * from './index.js';

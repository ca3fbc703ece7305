export declare const DAWN_NOISE: RegExp;

/** Colours of all charts: told apart by the colour-blind too, and legible on white as on black. */

/** Of series, in their order. */
export const SERIES = ['#2f7fc4', '#e07b20', '#2f9a68', '#9a63cc', '#cc5050', '#94785a'] as const;

/** Of a confusion matrix's cells: predictions that are right, and those that are wrong. */
export const RIGHT = '#2f7fc4';
export const WRONG = '#d9541e';

/**
 * A chart as a specification of Vega-Lite: data, and what to draw of it. It has no colours of text or background of its
 * own: the page's show through, dark or light.
 */
export type Chart = Readonly<Record<string, unknown>>;

/** The colour of text in a chart: a signal that the page sets. */
export const INK = { expr: 'ink' };

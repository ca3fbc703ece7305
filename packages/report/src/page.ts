/** A report as one HTML page that needs no network: its pictures and Vega, which draws its charts, lie in it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Chart } from './chart.js';
import { kannadaStyle } from './fonts.js';
import { html } from './html.js';
import { SCRIPT, STYLE } from './page-parts.js';
import { vegaSpec } from './render.js';

/** A chart with the room that it takes: narrower than `least`, it scrolls in its own box. */
export interface Drawing {
  readonly chart: Chart;
  readonly least?: number;
  readonly most?: number;
}

export interface Section {
  readonly title: string;
  /** HTML, below the drawings. */
  readonly body: string;
  readonly drawings?: readonly Drawing[];
  /** Takes all of the page's width, also where there is room for two. */
  readonly isWide?: boolean;
  /** Shows its title alone until it is opened. */
  readonly isFolded?: boolean;
}

export interface Page {
  readonly title: string;
  readonly subtitle: string;
  /** What matters most, in large letters. */
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly sections: readonly Section[];
}

export async function pageHtml({ title, subtitle, figures, sections }: Page): Promise<string> {
  const script = (text: string): string => `<script>${text.replaceAll('</script', '<\\/script')}</script>`;
  const charts: Record<string, unknown> = {};
  const parts: string[] = [];
  for (const [i, section] of sections.entries()) {
    const drawn: string[] = [];
    for (const [j, { chart, least = 0, most = 0 }] of (section.drawings ?? []).entries()) {
      const id = `chart${i}-${j}`;
      charts[id] = await vegaSpec(chart);
      const style = `min-width:${least}px${most > 0 ? `;max-width:${most}px` : ''}`;
      drawn.push(`<div class="scroll"><div class="chart" id="${id}" style="${style}"></div></div>`);
    }
    parts.push(sectionHtml(i, section, drawn));
  }
  const shown = figures.map(([name, value]) => `<div><b>${html(value)}</b><span>${html(name)}</span></div>`);
  const links = sections.map((section, i) => `<a href="#section${i}">${html(section.title)}</a>`);
  const body = `<header>
<h1>${html(title)}</h1>
<div class="dim">${html(subtitle)}</div>
<div class="figures">${shown.join('')}</div>
</header>
<nav>${links.join('')}</nav>
<main>
${parts.join('\n')}
</main>`;
  const vega = readFileSync(createRequire(import.meta.url).resolve('vega/build/vega.min.js'), 'utf8');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${html(title)}</title>
<style>${kannadaStyle(body)}${STYLE}</style>
</head>
<body>
${body}
<div id="tip" role="tooltip" hidden></div>
${script(vega)}
${script(`const CHARTS = ${JSON.stringify(charts).replaceAll('<', '\\u003c')};${SCRIPT}`)}
</body>
</html>
`;
}

function sectionHtml(i: number, { title, body, isWide, isFolded }: Section, drawn: readonly string[]): string {
  const kind = isWide ? ' class="wide"' : '';
  const content = `<div class="charts">${drawn.join('')}</div>${body}`;
  const heading = `<h2>${html(title)}</h2>`;
  return isFolded
    ? `<section id="section${i}"${kind}><details><summary>${heading}</summary>${content}</details></section>`
    : `<section id="section${i}"${kind}>${heading}${content}</section>`;
}

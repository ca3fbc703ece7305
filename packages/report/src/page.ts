/** A report as one HTML page that needs no network: its pictures and Vega, which draws its charts, lie in it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Chart } from './charts.js';
import { vegaSpec } from './render.js';

/** Text as HTML shows it. */
export const html = (text: string | number): string =>
  String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A picture as an address that holds it. */
export const dataUri = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString('base64')}`;

/** A picture of few pixels, drawn `scale` times as large, sharp. */
export const picture = (png: Uint8Array, width: number, height: number, alt: string): string =>
  `<img class="pixels" src="${dataUri(png)}" width="${width}" height="${height}" alt="${html(alt)}">`;

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]): string => row.map((cell) => `<${tag}>${cell}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('');
  return `<table><thead><tr>${cells('th', header)}</tr></thead><tbody>${body}</tbody></table>`;
}

/** A bar of a share of what is the largest. */
export const bar = (share: number): string =>
  `<span class="bar"><span style="width:${(100 * share).toFixed(1)}%"></span></span>`;

export interface Section {
  readonly title: string;
  /** HTML. */
  readonly body: string;
  readonly chart?: Chart;
}

export interface Page {
  readonly title: string;
  readonly subtitle: string;
  /** What matters most, in large letters. */
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly sections: readonly Section[];
}

const STYLE = `
:root { --ground: #fff; --ink: #1c2330; --dim: #5d6778; --line: #dde3ea; --card: #f5f7fa; --accent: #1f6fb5; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12161c; --ink: #e6eaf0; --dim: #9aa5b4; --line: #2b333f; --card: #1b212a; --accent: #6fb1ee; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 32px 24px 64px; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 28px; margin: 0; }
h2 { font-size: 20px; margin: 44px 0 12px; padding-top: 12px; border-top: 1px solid var(--line); }
.dim { color: var(--dim); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 24px; }
.figures div { background: var(--card); border-radius: 10px; padding: 12px 16px; }
.figures b { display: block; font-size: 22px; color: var(--accent); }
.figures span { color: var(--dim); font-size: 13px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--dim); font-weight: 500; }
th, td { padding: 3px 18px 3px 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; }
pre { overflow-x: auto; background: var(--card); border-radius: 10px; padding: 14px 16px; font-size: 13px; }
.pixels { image-rendering: pixelated; border-radius: 4px; background: #000; }
.tiles { display: flex; flex-wrap: wrap; gap: 14px; } .tiles figure { margin: 0; text-align: center; font-size: 12px; }
.tiles figcaption { color: var(--dim); line-height: 1.35; margin-top: 3px; }
.bar { display: inline-block; width: 200px; height: 10px; background: var(--card); border-radius: 5px; }
.bar span { display: block; height: 100%; background: var(--accent); border-radius: 5px; }
.chart { overflow-x: auto; }
img.sheet { max-width: 100%; border-radius: 8px; }`;

/** Draws each chart in the colours of the scheme that the reader has, and again when that changes. */
const SCRIPT = `
const dark = matchMedia('(prefers-color-scheme: dark)');
function draw() {
  const ink = dark.matches ? '#c9d2de' : '#333', line = dark.matches ? '#2b333f' : '#e3e8ee';
  const config = {
    background: 'transparent',
    axis: {
      labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line,
      labelFontSize: 12, titleFontSize: 12,
    },
    legend: { labelColor: ink, titleColor: ink, symbolBaseStrokeColor: ink },
    title: { color: ink, fontSize: 14 },
    style: { cell: { stroke: line } },
  };
  for (const [id, chart] of Object.entries(CHARTS)) {
    new vega.View(vega.parse(chart, config), { renderer: 'svg', container: '#' + id, hover: true }).run();
  }
}
draw();
dark.addEventListener('change', draw);`;

export async function pageHtml({ title, subtitle, figures, sections }: Page): Promise<string> {
  const script = (text: string): string => `<script>${text.replaceAll('</script', '<\\/script')}</script>`;
  const charts: Record<string, unknown> = {};
  for (const [i, { chart }] of sections.entries()) if (chart) charts[`chart${i}`] = await vegaSpec(chart);
  const shown = figures.map(([name, value]) => `<div><b>${html(value)}</b><span>${html(name)}</span></div>`);
  const parts = sections.map(({ title: heading, body, chart }, i) => {
    const drawing = chart ? `<div class="chart" id="chart${i}"></div>` : '';
    return `<h2>${html(heading)}</h2>\n${drawing}${body}`;
  });
  const vega = readFileSync(createRequire(import.meta.url).resolve('vega/build/vega.min.js'), 'utf8');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${html(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${html(title)}</h1>
<div class="dim">${html(subtitle)}</div>
<div class="figures">${shown.join('')}</div>
${parts.join('\n')}
${script(vega)}
${script(`const CHARTS = ${JSON.stringify(charts).replaceAll('<', '\\u003c')};${SCRIPT}`)}
</body>
</html>
`;
}

/** How a report looks, and what it does: a style and a script, both of the page itself. */

/**
 * One column on a phone, where only what is wider than the page scrolls, in its own box; two columns with the contents
 * beside them on a wide screen.
 */
export const STYLE = `
:root { --ground: #fff; --ink: #1c2330; --dim: #5d6778; --line: #dde3ea; --card: #f5f7fa; --accent: #1f6fb5;
  --font: system-ui, "Segoe UI", "DejaVu Sans", "Kannada of the page", sans-serif; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12161c; --ink: #e6eaf0; --dim: #9aa5b4; --line: #2b333f; --card: #1b212a; --accent: #6fb1ee; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 16px; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 1560px; padding: 24px 16px 64px; background: var(--ground); color: var(--ink);
  font: 15px/1.55 var(--font); }
h1 { font-size: clamp(20px, 5vw, 28px); margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 0 0 12px; }
h3 { font-size: 15px; margin: 20px 0 6px; overflow-wrap: anywhere; }
p { margin: 8px 0; }
.dim { color: var(--dim); overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(160px, 100%), 1fr)); gap: 10px;
  margin: 20px 0; }
.figures div { background: var(--card); border-radius: 10px; padding: 10px 14px; min-width: 0; }
.figures b { display: block; font-size: 21px; color: var(--accent); overflow-wrap: anywhere; }
.figures span { color: var(--dim); font-size: 13px; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; }
nav a { color: var(--accent); text-decoration: none; padding: 2px 0; } nav a:hover { text-decoration: underline; }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 40px; align-items: start; }
section { min-width: 0; margin-top: 28px; padding-top: 18px; border-top: 1px solid var(--line); }
summary { cursor: pointer; } summary h2 { display: inline; }
details[open] > summary { margin-bottom: 12px; }
@media (max-width: 500px) { .name { max-width: 120px !important; } .bar { width: 70px !important; } }
@media (min-width: 1060px) {
  main { grid-template-columns: repeat(2, minmax(0, 1fr)); } .wide { grid-column: 1 / -1; }
}
@media (min-width: 1360px) {
  body { display: grid; grid-template-columns: 170px minmax(0, 1fr); column-gap: 32px; align-content: start; }
  header { grid-column: 1 / -1; }
  nav { position: sticky; top: 20px; align-self: start; flex-direction: column; margin-top: 46px; }
}
.charts { display: grid; gap: 8px 32px; grid-template-columns: repeat(auto-fit, minmax(min(330px, 100%), 1fr)); }
.scroll { overflow-x: auto; max-width: 100%; scrollbar-width: thin; padding-bottom: 4px;
  background: linear-gradient(90deg, var(--ground) 30%, transparent) 0 0 / 40px 100% no-repeat local,
    linear-gradient(-90deg, var(--ground) 30%, transparent) 100% 0 / 40px 100% no-repeat local,
    linear-gradient(90deg, var(--line), transparent) 0 0 / 14px 100% no-repeat scroll,
    linear-gradient(-90deg, var(--line), transparent) 100% 0 / 14px 100% no-repeat scroll; }
.chart svg { display: block; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th { text-align: left; color: var(--dim); font-weight: 500; white-space: nowrap; }
th, td { padding: 3px 16px 3px 0; border-bottom: 1px solid var(--line); }
td { vertical-align: middle; white-space: nowrap; } td a { color: var(--accent); }
dl { margin: 0; }
dl div { display: flex; flex-wrap: wrap; gap: 0 12px; padding: 3px 0; border-bottom: 1px solid var(--line); }
dt { color: var(--dim); flex: 0 0 130px; } dd { margin: 0; flex: 1 1 180px; min-width: 0; overflow-wrap: anywhere; }
pre { overflow-x: auto; background: var(--card); border-radius: 10px; padding: 14px 16px; font-size: 13px; margin: 0; }
code { font-size: 13px; }
.pixels { image-rendering: pixelated; border-radius: 4px; background: #000; max-width: 100%; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; }
.tiles figure { margin: 0; text-align: center; font-size: 12px; }
.tiles figcaption { color: var(--dim); line-height: 1.35; margin-top: 3px; }
.pairs { display: flex; flex-wrap: wrap; gap: 0 28px; } .pairs > div { min-width: 0; max-width: 100%; }
.mistake summary { list-style: none; text-align: center; } .mistake summary::-webkit-details-marker { display: none; }
.mistake { font-size: 12px; max-width: 180px; } .mistake[open] { background: var(--card); border-radius: 8px; }
.mistake span { color: var(--dim); display: block; line-height: 1.35; overflow-wrap: anywhere; }
.mistake ul { list-style: none; margin: 0; padding: 0 8px 8px; overflow-wrap: anywhere; }
.bar { display: inline-block; width: 120px; height: 10px; background: var(--card); border-radius: 5px; }
.bar span { display: block; height: 100%; background: var(--accent); border-radius: 5px; }
.classes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(250px, 100%), 1fr)); gap: 10px 24px; }
.sheet { max-width: 100%; border-radius: 8px; }
.name { display: inline-block; max-width: 180px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  vertical-align: bottom; }
#tip { position: absolute; z-index: 1; pointer-events: none; max-width: min(300px, 90vw); padding: 6px 10px;
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; font-size: 13px;
  overflow-wrap: anywhere; }
#tip td { border: 0; padding: 0 10px 0 0; white-space: normal; } #tip td:first-child { color: var(--dim); }`;

/**
 * Draws each chart in the colours of the scheme that the reader has, and again when that changes. What a point or a
 * cell stands for is told beside it, also where it was touched.
 */
export const SCRIPT = `
const dark = matchMedia('(prefers-color-scheme: dark)');
const tip = document.getElementById('tip');
function tell(_, event, item, value) {
  tip.hidden = value === null || typeof value !== 'object';
  if (tip.hidden) return;
  const table = document.createElement('table');
  for (const [name, one] of Object.entries(value)) {
    const row = table.insertRow();
    row.insertCell().textContent = name;
    row.insertCell().textContent = one;
  }
  tip.replaceChildren(table);
  const { clientX, clientY } = event.changedTouches ? event.changedTouches[0] : event;
  const left = Math.max(4, Math.min(clientX + 14, document.documentElement.clientWidth - tip.offsetWidth - 4));
  tip.style.left = left + scrollX + 'px';
  tip.style.top = clientY + scrollY + 18 + 'px';
}
let views = [];
function draw() {
  const ink = dark.matches ? '#c9d2de' : '#333', line = dark.matches ? '#2b333f' : '#e3e8ee';
  const font = getComputedStyle(document.documentElement).getPropertyValue('--font');
  const size = { labelFont: font, titleFont: font, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal' };
  const config = {
    background: 'transparent',
    axis: { ...size, labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line },
    legend: { ...size, labelColor: ink, titleColor: ink, symbolBaseStrokeColor: ink },
    title: {
      color: ink, subtitleColor: ink, font, subtitleFont: font, fontSize: 14, subtitleFontSize: 12, anchor: 'start',
      subtitlePadding: 4,
    },
    text: { font },
    style: { cell: { stroke: line } },
  };
  for (const view of views) view.finalize();
  views = Object.entries(CHARTS).map(([id, chart]) => {
    const view = new vega.View(vega.parse(chart, config), { renderer: 'svg', container: '#' + id, hover: true });
    // A finger points at nothing before it touches.
    view.addEventListener('click', (event, item) => tell(null, event, item, item?.tooltip ?? null));
    view.tooltip(tell).signal('ink', ink).run();
    return view;
  });
}
draw();
dark.addEventListener('change', draw);`;

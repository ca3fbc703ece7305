/**
 * The page at `/`: draw an image, or drop one, and read what the model says. It is one file without anything from
 * elsewhere, and its policy allows nothing else: its script and style are named by their hashes.
 */
import { createHash } from 'node:crypto';
import type { Answer } from './answer.js';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif;
  --paper: light-dark(#f7f5f0, #14171b); --ink: light-dark(#1f2328, #e7e4de); --quiet: light-dark(#5b6068, #a3a8b0);
  --line: light-dark(#8b877d, #6a7280); --accent: light-dark(#1f5f99, #7db8ec); --wrong: light-dark(#b3401a, #f0876a); }
body { margin: 0 auto; max-width: 44rem; padding: 1.5rem 1rem; background: var(--paper); color: var(--ink); }
main { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
h1 { font-size: 1.5rem; margin: 0; }
p { margin: 0; }
.quiet { color: var(--quiet); font-size: .9rem; }
.pad { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); }
.pad > * { min-width: 0; }
canvas { width: 100%; max-width: 20rem; background: #000; border-radius: 12px; touch-action: none; cursor: crosshair; }
#answer { font-size: 3rem; line-height: 1.1; font-weight: 650; color: var(--accent); overflow-wrap: anywhere; }
ol { list-style: none; margin: .75rem 0 0; padding: 0; display: grid; gap: .2rem; }
li { display: grid; grid-template-columns: minmax(1.5rem, 5rem) minmax(0, 1fr) 3.6rem; gap: .6rem; align-items: center;
  font-size: .9rem; font-variant-numeric: tabular-nums; }
li span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
meter { width: 100%; }
.buttons { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
button, input { font: inherit; }
#error { color: var(--wrong); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[hidden][hidden] { display: none; }
`;

/** As in the page of apps/web, drawings are fitted into 20 of 28 pixels and centred by their mass. */
const SCRIPT = `
const get = (id) => document.getElementById(id);
const pad = get('pad');
const context = pad.getContext('2d');
let strokes = [];
/** What the model takes, and what it tells apart. */
let shape = [28, 28, 1], classes = [], darkInk = false;

const authorization = () => (get('token').value ? { authorization: 'Bearer ' + get('token').value } : {});

async function learnModel() {
  const response = await fetch('model', { headers: authorization() });
  get('token-line').hidden = response.status !== 401 && get('token').value === '';
  const answer = await response.json();
  if (response.ok) ({ shape, classes, darkInk } = answer);
  show(undefined, response.ok || response.status === 401 ? '' : answer.error);
}

function draw() {
  context.fillStyle = '#000';
  context.fillRect(0, 0, pad.width, pad.height);
  trace(context, strokes, pad.width / 14);
}

function trace(target, lines, pen) {
  Object.assign(target, { strokeStyle: '#fff', lineCap: 'round', lineJoin: 'round', lineWidth: pen });
  for (const line of lines) {
    target.beginPath();
    target.moveTo(...line[0]);
    for (const point of line) target.lineTo(...point);
    target.stroke();
  }
}

/** A drawing as rows of bytes. */
function imageOf(strokes) {
  const [height, width, channels] = shape;
  const points = strokes.flat();
  const side = Math.min(height, width);
  const pen = Math.max(1.2, side * 2.4 / 28);
  const low = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])));
  const extent = Math.max(1, ...[0, 1].map((axis) => Math.max(...points.map((point) => point[axis])) - low[axis]));
  const scale = (side * 20 / 28 - pen) / extent;
  const fitted = strokes.map((line) => line.map(([x, y]) => [(x - low[0]) * scale, (y - low[1]) * scale]));
  let [mass, cx, cy] = [0, 0, 0];
  for (const line of fitted) line.forEach(([x, y], i) => {
    const [px, py] = line[Math.max(0, i - 1)];
    const length = Math.hypot(x - px, y - py) + 1e-9;
    mass += length; cx += length * (x + px) / 2; cy += length * (y + py) / 2;
  });
  const small = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  small.fillStyle = '#000';
  small.fillRect(0, 0, width, height);
  small.translate(width / 2 - cx / mass, height / 2 - cy / mass);
  trace(small, fitted, pen);
  const { data } = small.getImageData(0, 0, width, height);
  return Array.from({ length: height * width * channels }, (_, i) => {
    const value = data[4 * Math.floor(i / channels)];
    return darkInk ? 255 - value : value;
  });
}

let waiting, busy = false;
/** One request at a time, of those that wait the latest; the first once it is known what the model takes. */
async function ask(type, bodyOf) {
  waiting = { type, bodyOf, asked: strokes };
  if (busy) return;
  busy = true;
  while (waiting) {
    const request = waiting;
    waiting = undefined;
    await send(request).catch((error) => show(undefined, error.message));
  }
  busy = false;
}

async function send({ type, bodyOf, asked }) {
  await learned;
  const headers = { 'content-type': type, ...authorization() };
  const response = await fetch('predict', { method: 'POST', headers, body: bodyOf(asked) });
  const answer = await response.json();
  // Unless something else is on the pad by now, or nothing.
  if (asked === strokes) show(answer.predictions?.[0], answer.error ?? '');
}

function show(prediction, error) {
  get('error').textContent = error;
  get('answer').textContent = prediction?.label ?? '–';
  const ranked = (prediction?.probabilities ?? []).map((share, i) => [classes[i] ?? String(i), share]);
  if (ranked.length > 10) ranked.sort((a, b) => b[1] - a[1]).splice(10);
  get('bars').replaceChildren(...ranked.map(([name, share]) => {
    const item = document.createElement('li');
    const label = document.createElement('span');
    label.textContent = name;
    const meter = document.createElement('meter');
    meter.value = share;
    meter.setAttribute('aria-label', name);
    item.append(label, meter, (100 * share).toFixed(1) + '%');
    return item;
  }));
}

const at = ({ clientX, clientY }) => {
  const box = pad.getBoundingClientRect();
  return [(clientX - box.left) * pad.width / box.width, (clientY - box.top) * pad.height / box.height];
};
const changed = () => {
  draw();
  ask('application/json', (lines) => JSON.stringify([imageOf(lines)]));
};
pad.addEventListener('pointerdown', (event) => {
  event.preventDefault();
  pad.setPointerCapture(event.pointerId);
  strokes.push([at(event)]);
  changed();
});
pad.addEventListener('pointermove', (event) => {
  if (!pad.hasPointerCapture(event.pointerId)) return;
  strokes.at(-1).push(at(event));
  changed();
});
get('clear').addEventListener('click', () => { strokes = []; draw(); show(undefined, ''); });

async function take(file) {
  if (!file) return;
  if (!/^image[/](png|jpeg)$/.test(file.type))
    return show(undefined, file.name + ': a PNG or JPEG picture is expected');
  strokes = [];
  draw();
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (bitmap) context.drawImage(bitmap, 0, 0, pad.width, pad.height);
  ask(file.type, () => file);
}
get('file').addEventListener('change', ({ target }) => { take(target.files[0]); target.value = ''; });
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
get('token').addEventListener('change', () => { learned = learnModel(); });
draw();
let learned = learnModel();
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Anke: ask the model</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Ask the model</h1>
<p class="quiet">Draw with a mouse, a finger or a pen, or drop a picture. It is sent to this server alone.</p>
<p id="token-line" hidden><label>The server’s token <input id="token" type="password" autocomplete="off"></label></p>
<div class="pad">
<div>
<canvas id="pad" width="336" height="336" aria-label="Drawing pad; a picture can be chosen below by keyboard"></canvas>
<p class="buttons"><button id="clear" type="button">Clear</button>
<label>or take a picture <input id="file" type="file" accept="image/png,image/jpeg"></label></p>
</div>
<div>
<p id="answer" aria-live="polite">–</p>
<ol id="bars" aria-label="Probabilities"></ol>
</div>
</div>
<p id="error" role="alert"></p>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;

export const pageAnswer: Answer = {
  status: 200,
  type: 'text/html; charset=utf-8',
  body: PAGE,
  headers: {
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  },
};

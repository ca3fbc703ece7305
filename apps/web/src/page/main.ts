/** The page: passes what the worker says to the views, and what people do to the worker. It knows no kernel. */
import type { Ask, DataFacts, ExportFormat, Picture, RunState, Say } from '../protocol.js';
import { showAnswer } from './answer-view.js';
import { CheckView } from './check-view.js';
import { DrawPad } from './draw-pad.js';
import { button, byId, html, make } from './element.js';
import { takeFiles } from './files.js';
import { showActivations } from './layers-view.js';
import { showHistory, showLive, showMemory, showProgress, showSpeed, showState } from './learn-view.js';
import { recipeInLink } from './link.js';
import { showProgram } from './program-view.js';
import { RecipeView } from './recipe-view.js';
import { RunsView } from './runs-view.js';
import { showLook } from './see-view.js';
import { pictureTile } from './tile.js';

const worker = new Worker(new URL('../engine/worker.ts', import.meta.url), { type: 'module', name: 'engine' });
const ask = (message: Ask): void => worker.postMessage(message);

const NO_DATA: DataFacts = {
  name: '',
  synthetic: true,
  training: 0,
  validation: 0,
  shape: [28, 28, 1],
  classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
  darkInk: false,
  examples: [],
  warnings: [],
};
let data = NO_DATA;
let state: RunState = 'opening';
let pausedByPeople = false;
const recipe = new RecipeView(ask);
const check = new CheckView(ask);
const layers = byId('layers', HTMLDetailsElement);
const inside = byId('inside', HTMLDetailsElement);

const EXPORTS: readonly ExportFormat[] = ['onnx', 'tensorflowjs', 'safetensors'];

const runs = new RunsView({
  open: (id) => ask({ type: 'openRun', id }),
  pack: (id) => ask({ type: 'packRun', id }),
  delete: (id) => ask({ type: 'deleteRun', id }),
});
const pad = new DrawPad((picture) => {
  if (picture) askAbout(picture);
  else showAnswer(undefined, data);
});

function askAbout({ pixels }: Picture): void {
  ask({ type: 'predict', pixels });
  if (layers.open) ask({ type: 'activations', pixels });
}

function show(message: Say): void {
  switch (message.type) {
    case 'adapter': {
      const { name, software, facts } = message.adapter;
      html('adapter-name').textContent = software ? `${name}: a software adapter, on the CPU. It is slow.` : name;
      html('adapter-kind').dataset['kind'] = software ? 'software' : 'gpu';
      const rows = facts.map(([key, value]) => make('div', '', make('dt', '', key), make('dd', '', value)));
      html('adapter-facts').replaceChildren(...rows);
      break;
    }
    case 'noDevice':
      html('no-device').hidden = false;
      html('no-device-reason').textContent = message.reason;
      html('adapter-name').textContent = 'no GPU';
      setState('failed', 'there is no GPU to train on');
      break;
    case 'recipe':
      recipe.show(message.text);
      showHistory([]);
      html('problems').replaceChildren();
      document.title = `Anke: ${message.name}`;
      for (const id of ['pause', 'afresh', 'train', 'link', 'forget']) button(id).disabled = false;
      setPaused(false);
      inside.open = false;
      break;
    case 'recipeError':
      recipe.fail(message.message);
      break;
    case 'builtIn':
      recipe.offer(message.names);
      break;
    case 'draft':
      recipe.show(message.text);
      break;
    case 'checked':
      recipe.checked(message);
      break;
    case 'dataError':
      html('data-error').textContent = message.message;
      showDataLine(data);
      break;
    case 'data':
      showData(message.data);
      break;
    case 'state':
      setState(message.state, message.detail);
      break;
    case 'preparing':
      showProgress(message.done / message.total);
      break;
    case 'progress':
      showProgress(message.done / message.total);
      showSpeed(message);
      showLive(message);
      break;
    case 'history':
      showHistory(message.points);
      runs.goOn(message.points);
      if (pad.picture) askAbout(pad.picture);
      break;
    case 'memory':
      showMemory(message.bytes);
      recipe.check(); // once more, with the images that are there now
      break;
    case 'look':
      showLook(message.look, data, (picture) => pad.put(picture));
      break;
    case 'prediction':
      showAnswer(pad.picture && message.probabilities, data);
      break;
    case 'activations':
      showActivations(message.layers);
      break;
    case 'program':
      showProgram(message.program);
      break;
    case 'checking':
      check.goOn(message);
      break;
    case 'verified':
      check.verified(message.facts);
      break;
    case 'measured':
      check.measured(message.facts);
      break;
    case 'file':
      save(message.name, message.content);
      break;
    case 'runs':
      runs.show(message.runs, message.open);
      break;
    case 'runsNote':
      html('runs-note').textContent = message.message;
      showDataLine(data);
      break;
    case 'problem':
      showProblem(message.message);
      break;
    case 'kept':
      if (!message.kept) html('kept').textContent = 'This browser keeps no files for pages here: a reload begins anew.';
      break;
  }
}

/** Each once, until another training begins. */
function showProblem(message: string): void {
  const list = html('problems');
  if ([...list.children].some(({ textContent }) => textContent === message)) return;
  list.append(make('p', 'card notice', message));
}

function setState(next: RunState, detail: string): void {
  state = next;
  const isShown = pausedByPeople && next === 'training' ? 'paused' : next;
  showState(isShown, detail);
  check.enable(next === 'training' || next === 'done');
  for (const format of EXPORTS) button(`export-${format}`).disabled = !(next === 'training' || next === 'done');
  button('pause').disabled = next === 'done' || next === 'failed' || next === 'waiting';
}

function showData(next: DataFacts): void {
  data = next;
  const { classNames, examples, warnings, synthetic } = next;
  showDataLine(next);
  html('data-error').textContent = '';
  html('warnings').replaceChildren(...warnings.map((warning) => make('li', '', warning)));
  button('synthetic').hidden = synthetic;
  html('examples').replaceChildren(
    ...examples.flatMap((picture, label) => {
      if (!picture) return [];
      const tile = make('button', 'tile', pictureTile(picture), make('span', '', classNames[label] ?? ''));
      tile.type = 'button';
      tile.setAttribute('aria-label', `${classNames[label]}: put an example on the pad`);
      tile.addEventListener('click', () => pad.put(picture));
      return [make('li', '', tile)];
    }),
  );
  pad.take(next);
}

function showDataLine({ name, training, validation, shape }: DataFacts): void {
  html('data-line').textContent =
    training === 0
      ? ''
      : `${training.toLocaleString('en-US')} images of ${shape.join(' × ')} to train on, ` +
        `${validation.toLocaleString('en-US')} to check with: ${name}.`;
}

function setPaused(paused: boolean): void {
  pausedByPeople = paused;
  button('pause').textContent = paused ? 'Go on' : 'Pause';
  ask({ type: 'pause', paused: paused || document.hidden });
  if (state === 'training') showState(paused ? 'paused' : 'training', '');
}

function save(name: string, content: Blob): void {
  const link = make('a', '');
  link.download = name;
  link.href = URL.createObjectURL(content);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

worker.addEventListener('message', ({ data: message }: MessageEvent<Say>) => show(message));
worker.addEventListener('error', ({ message }) => show({ type: 'problem', message: `The worker failed: ${message}` }));
document.addEventListener('visibilitychange', () => ask({ type: 'pause', paused: pausedByPeople || document.hidden }));

button('pause').addEventListener('click', () => setPaused(!pausedByPeople));
button('clear').addEventListener('click', () => pad.clear());
button('synthetic').addEventListener('click', () => ask({ type: 'synthetic' }));
button('forget').addEventListener('click', () => ask({ type: 'forget' }));
for (const format of EXPORTS)
  button(`export-${format}`).addEventListener('click', () => ask({ type: 'export', format }));
layers.addEventListener('toggle', () => {
  if (layers.open && pad.picture) ask({ type: 'activations', pixels: pad.picture.pixels });
});
inside.addEventListener('toggle', () => {
  if (inside.open) ask({ type: 'program' });
});
takeFiles((name, files) => {
  const [first] = files;
  if (first && files.length === 1 && /\.safetensors$/i.test(first.path)) return check.verify(first.file);
  html('data-line').textContent = `Reading ${name} …`;
  ask({ type: 'drop', name, files });
});

// What is wider than the page is scrolled by keyboard too.
for (const wide of document.querySelectorAll<HTMLElement>('.scroll')) wide.tabIndex = 0;
// In development there is none.
navigator.serviceWorker?.register('./service-worker.js').catch(() => undefined);
showAnswer(undefined, data);
showHistory([]);
ask({ type: 'open', recipe: await recipeInLink(location.hash) });
addEventListener('hashchange', async () => {
  const linked = await recipeInLink(location.hash);
  if (linked !== undefined) ask({ type: 'train', recipe: linked, afresh: false });
});

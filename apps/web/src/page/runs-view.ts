/** The runs that this browser keeps, as a table, and the curves of those that are chosen over one another. */
import type { EpochPoint, RunFacts } from '../protocol.js';
import { ACCURACY, drawCurves, LOSS } from './curves.js';
import { byId, html, make } from './element.js';
import { figure, percent, told } from './figures.js';

/** As many as there are colours. */
const MOST_COMPARED = 4;

/** What people can do with a run. */
export interface RunActions {
  open(id: string): void;
  pack(id: string): void;
  delete(id: string): void;
}

interface Row {
  run: RunFacts;
  readonly line: HTMLElement;
  readonly choice: HTMLInputElement;
  readonly epochs: HTMLElement;
  readonly accuracy: HTMLElement;
  readonly loss: HTMLElement;
}

export class RunsView {
  #rows: readonly Row[] = [];
  #open: string | undefined;
  /** The runs whose curves are shown; each keeps its colour while it is chosen. */
  readonly #chosen: (string | undefined)[] = new Array(MOST_COMPARED).fill(undefined);

  constructor(private readonly actions: RunActions) {}

  show(runs: readonly RunFacts[], open: string | undefined): void {
    const isFocused = html('runs-rows').contains(document.activeElement);
    this.#open = open;
    this.#rows = runs.map((run) => this.#row(run));
    html('runs-rows').replaceChildren(...this.#rows.map(({ line }) => line));
    this.#chosen.forEach((id, i) => {
      if (id !== undefined && !runs.some((run) => run.id === id)) this.#chosen[i] = undefined;
    });
    html('runs').hidden = runs.length === 0;
    this.#compare();
    // What was focused is gone: the keyboard goes on from here.
    if (isFocused) html('runs-title').focus();
  }

  /** The open run has come further. */
  goOn(points: readonly EpochPoint[]): void {
    const row = this.#rows.find(({ run }) => run.id === this.#open);
    if (!row || points.length === 0) return;
    row.run = { ...row.run, points };
    fill(row);
    if (this.#chosen.includes(row.run.id)) this.#compare();
  }

  #row(run: RunFacts): Row {
    const { id, name, data, changed, problem, hasModel } = run;
    const isOpen = id === this.#open;
    const choice = make('input', '');
    choice.type = 'checkbox';
    choice.setAttribute('aria-label', `Show the curves of ${name}, ${id.slice(0, 6)}`);
    choice.addEventListener('change', () => this.#choose(id, choice.checked));
    const title = make('th', '', name, make('span', 'quiet', ` ${id.slice(0, 6)}`));
    title.scope = 'row';
    const cells = { epochs: make('td', ''), accuracy: make('td', ''), loss: make('td', '') };
    const action = (text: string, act: () => void): HTMLButtonElement => {
      const element = make('button', '', text);
      element.type = 'button';
      element.setAttribute('aria-label', `${text}: ${name}, ${id.slice(0, 6)}`);
      element.addEventListener('click', act);
      return element;
    };
    const go = isOpen ? make('span', 'quiet open', 'open') : action('Open', () => this.actions.open(id));
    const pack = action('Zip', () => this.actions.pack(id));
    pack.disabled = problem !== undefined || !(hasModel || isOpen);
    if (pack.disabled && problem === undefined) pack.title = 'It was cut off: open it, and its network can be packed';
    const buttons = make('span', 'buttons', go, pack);
    if (!isOpen) buttons.append(action('Delete', () => this.actions.delete(id)));
    const learnt = make('td', problem === undefined ? 'quiet' : 'error', problem ?? data);
    const date = make('td', 'quiet', new Date(changed).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' }));
    const line = make('tr', isOpen ? 'is-open' : '', make('td', '', choice), title, learnt);
    line.append(cells.epochs, cells.accuracy, cells.loss, date, make('td', '', buttons));
    const row = { run, choice, ...cells, line };
    fill(row);
    return row;
  }

  #choose(id: string, isChosen: boolean): void {
    const at = this.#chosen.indexOf(isChosen ? undefined : id);
    if (at >= 0) this.#chosen[at] = isChosen ? id : undefined;
    this.#compare();
  }

  #compare(): void {
    const isFull = !this.#chosen.includes(undefined);
    const shown: { readonly run: RunFacts; readonly colour: string }[] = [];
    for (const { run, choice } of this.#rows) {
      const colour = this.#chosen.indexOf(run.id);
      choice.checked = colour >= 0;
      choice.disabled = run.points.length === 0 || (isFull && colour < 0);
      if (colour >= 0) shown.push({ run, colour: `run${colour}` });
    }
    html('runs-compared').hidden = shown.length === 0;
    for (const [id, options, of] of [
      ['runs-accuracy', ACCURACY, (point: EpochPoint) => point.valAccuracy],
      ['runs-loss', LOSS, (point: EpochPoint) => point.valLoss],
    ] as const) {
      const series = shown.map(({ run, colour }) => ({ name: colour, values: run.points.map(of) }));
      drawCurves(byId(id, SVGSVGElement), series, options);
    }
    html('runs-legend').replaceChildren(
      ...shown.map(({ run, colour }) =>
        make('li', '', make('span', `key ${colour}`), ` ${run.name} ${run.id.slice(0, 6)}: ${resultOf(run.points)}`),
      ),
    );
  }
}

/** The epoch with the least validation loss, as `anke runs` tells it. */
function bestOf(points: readonly EpochPoint[]): EpochPoint | undefined {
  const validated = points.filter(({ valLoss }) => valLoss !== undefined);
  return validated.reduce<EpochPoint | undefined>(
    (best, point) => (best && (best.valLoss as number) <= (point.valLoss as number) ? best : point),
    undefined,
  );
}

function resultOf(points: readonly EpochPoint[]): string {
  const { valAccuracy, valLoss } = bestOf(points) ?? {};
  return valAccuracy === undefined ? `loss ${told(valLoss, figure)}` : told(valAccuracy, percent);
}

function fill({ run, epochs, accuracy, loss }: Row): void {
  const best = bestOf(run.points);
  epochs.textContent = run.problem === undefined ? `${run.points.length} of ${run.epochs}` : '–';
  accuracy.textContent = told(best?.valAccuracy, percent);
  loss.textContent = told(best?.valLoss, figure);
}

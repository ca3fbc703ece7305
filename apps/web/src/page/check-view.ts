/** The device under test: a golden run against its bounds, and how fast products and convolutions are. */
import type { Ask, MeasureFacts, Say, VerifyFacts } from '../protocol.js';
import { button, byId, html, make } from './element.js';
import { percent } from './figures.js';

const gflops = (value: number): string =>
  value < 100 ? value.toPrecision(2) : Math.round(value).toLocaleString('en-US');

export class CheckView {
  /** What a measurement came to, in one line. */
  #line = '';

  constructor(private readonly ask: (message: Ask) => void) {
    button('verify').addEventListener('click', () => ask({ type: 'verify', file: undefined }));
    const file = byId('verify-file', HTMLInputElement);
    file.addEventListener('change', () => {
      const [golden] = file.files ?? [];
      file.value = '';
      if (golden) this.verify(golden);
    });
    button('measure').addEventListener('click', () => ask({ type: 'measure' }));
    button('copy-measure').addEventListener('click', async () => {
      const done = html('measure-line');
      try {
        await navigator.clipboard.writeText(this.#line);
        done.textContent = 'Copied.';
      } catch {
        done.textContent = this.#line; // to be copied by hand
      }
    });
  }

  /** Replays a golden run that was chosen, or dropped anywhere on the page. */
  verify(golden: File): void {
    html('check').scrollIntoView();
    this.ask({ type: 'verify', file: golden });
  }

  /** Whether the device can be checked now. */
  enable(isReady: boolean): void {
    for (const id of ['verify', 'measure']) button(id).disabled = !isReady;
    byId('verify-file', HTMLInputElement).disabled = !isReady;
  }

  goOn({ what, line, isError }: Extract<Say, { type: 'checking' }>): void {
    const element = html(`${what}-line`);
    element.textContent = line;
    element.className = isError ? 'error' : 'quiet';
  }

  verified({ source, steps, batch, groups, notes, isRight }: VerifyFacts): void {
    const verdict = isRight ? 'This device computes correctly.' : 'This device does not compute correctly.';
    const run = `${source}: ${steps} steps of ${batch} images with Adam, and as many with SGD.`;
    const rows = groups.map(({ group, error, bound, verdict: word, tensor }) =>
      row(group, [error.toExponential(1), bound.toExponential(1), word, tensor], word === 'ok' ? 'good' : 'bad'),
    );
    html('verify-result').replaceChildren(
      make('p', isRight ? 'verdict good' : 'verdict bad', verdict),
      make('p', 'quiet', run),
      table(['Tensors', 'Error', 'At most', 'Verdict', 'The worst'], rows),
      ...notes.map((note) => make('p', 'quiet', note)),
    );
  }

  measured({ device, limits, kernels }: MeasureFacts): void {
    const best = `${gflops(limits.gflops)} GFLOP/s, ${gflops(limits.gigabytesPerSecond)} GB/s`;
    const short = kernels.map(({ what, gflops: rate, share }) => `${what} ${gflops(rate)} (${percent(share)})`);
    this.#line = `Anke on ${device}: ${short.join(' · ')} GFLOP/s · at best ${best}`;
    const rows = kernels.map(({ what, variant, milliseconds, gflops: rate, share }) =>
      row(what, [variant, `${milliseconds.toPrecision(3)} ms`, gflops(rate), percent(share)], ''),
    );
    html('measure-result').replaceChildren(
      make('p', 'quiet', `At best ${best}: multiply-adds alone, and copying alone.`),
      table(['What', 'Variant', 'Time', 'GFLOP/s', 'Of the best'], rows),
    );
    button('copy-measure').hidden = false;
  }
}

function row(title: string, cells: readonly string[], className: string): HTMLElement {
  const head = make('th', '', title);
  head.scope = 'row';
  return make('tr', className, head, ...cells.map((cell) => make('td', '', cell)));
}

function table(titles: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const head = titles.map((title) => {
    const cell = make('th', '', title);
    cell.scope = 'col';
    return cell;
  });
  const element = make('table', 'runs', make('thead', '', make('tr', '', ...head)), make('tbody', '', ...rows));
  const around = make('div', 'scroll', element);
  around.tabIndex = 0;
  return around;
}

/** The program of a training step: its dispatches, one of them with its WGSL, and the plan of the memory. */
import type { DispatchFacts, ProgramFacts, Tenant } from '../protocol.js';
import { byId, html, make, svg } from './element.js';

const bytes = (count: number): string =>
  count < 2 ** 20 ? `${(count / 2 ** 10).toFixed(1)} KiB` : `${(count / 2 ** 20).toFixed(1)} MiB`;
const large = (count: number): string => Intl.NumberFormat('en', { notation: 'compact' }).format(count);

export function showProgram(program: ProgramFacts): void {
  const { dispatches, plain, batchSize } = program;
  const times = dispatches.map(({ milliseconds }) => milliseconds ?? 0);
  const total = times.reduce((a, b) => a + b, 0);
  const timed = total > 0 ? `, ${total.toFixed(total < 10 ? 2 : 0)} ms in all by the device’s clock` : '';
  html('program-line').textContent =
    `A step with ${batchSize} images: ${plain} plain dispatches become ${dispatches.length} by fusion${timed}.`;
  const most = Math.max(...times);
  const items = dispatches.map((dispatch, i) =>
    item(dispatch, { index: i, share: most > 0 ? (times[i] as number) / most : 0 }),
  );
  html('dispatches').replaceChildren(...items);
  show(items, dispatches, 0);
  items.forEach((one, i) => {
    one.firstElementChild?.addEventListener('click', () => show(items, dispatches, i));
  });
  showMemory(program);
}

function item({ kernel, variant, milliseconds }: DispatchFacts, at: { index: number; share: number }): HTMLElement {
  const bar = make('span', 'share');
  bar.style.setProperty('--share', String(at.share));
  const time = milliseconds === undefined ? '' : `${milliseconds.toFixed(3)} ms`;
  const label = make('span', 'name', `${at.index + 1}. ${kernel}`, make('span', 'quiet', ` ${variant}`));
  const choice = make('button', '', label, make('span', 'time', time), bar);
  choice.type = 'button';
  return make('li', '', choice);
}

function show(items: readonly HTMLElement[], dispatches: readonly DispatchFacts[], chosen: number): void {
  items.forEach((one, i) => {
    if (i === chosen) one.firstElementChild?.setAttribute('aria-current', 'true');
    else one.firstElementChild?.removeAttribute('aria-current');
  });
  const { kernel, variant, grid, flops, bytes: moved, bindings, sizes, code } = dispatches[chosen] as DispatchFacts;
  const named = Object.entries(sizes).map(([name, value]) => `${name} ${value}`);
  const facts: readonly (readonly [string, string])[] = [
    ['Grid', `${grid.join(' × ')} workgroups`],
    ['Work', `${large(flops)} operations, ${bytes(moved)} moved`],
    ...(named.length > 0 ? [['Sizes', named.join(', ')] as const] : []),
    ...bindings.map(({ name, access, memory }) => [`${name} (${access})`, memory] as const),
  ];
  const list = make('dl', 'facts', ...facts.map(([k, v]) => make('div', '', make('dt', '', k), make('dd', '', v))));
  const text = make('pre', 'wgsl', code);
  text.tabIndex = 0;
  html('dispatch').replaceChildren(make('h3', '', `${kernel}/${variant}`), list, text);
}

const MEMORY = { width: 900, height: 260, least: 3 };

/** Time from left to right, dispatch by dispatch; buffers below one another, as high as they are large. */
function showMemory({ buffers, tenants, planned, naive, dispatches }: ProgramFacts): void {
  const total = buffers.reduce((a, b) => a + b, 0);
  const heights = buffers.map((size) => Math.max(MEMORY.least, (MEMORY.height * size) / total));
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((a, b) => a + b + 1, 0));
  const step = MEMORY.width / dispatches.length;
  const block = ({ label, bytes: size, first, last, buffer }: Tenant, i: number): SVGElement => {
    const length = (Math.min(last, dispatches.length - 1) - first + 1) * step;
    const height = Math.max(1, ((heights[buffer] as number) * size) / (buffers[buffer] as number));
    const box = { x: first * step, y: tops[buffer] as number, width: Math.max(1, length - 1), height };
    const rect = svg('rect', { class: `tenant hue${i % 6}`, ...box, rx: 1.5 });
    rect.append(svg('title', {}, `${label}: ${bytes(size)}, dispatches ${first + 1} to ${last + 1}`));
    return rect;
  };
  const picture = byId('memory', SVGSVGElement);
  const height = heights.reduce((a, b) => a + b + 1, 0);
  picture.setAttribute('viewBox', `0 0 ${MEMORY.width} ${Math.ceil(height)}`);
  picture.setAttribute('aria-label', `${tenants.length} temporaries share ${buffers.length} buffers`);
  picture.replaceChildren(...tenants.map(block));
  html('memory-line').textContent =
    `${tenants.length} temporaries share ${buffers.length} buffers of ${bytes(planned)} in all; ` +
    `each by itself would take ${bytes(naive)}. From left to right: the dispatches of a step.`;
}

/** The recipe as text and as a form, the built-in ones, and what the check says while people change it. */
import { formatJson } from '@anke/training';
import type { Ask, Say } from '../protocol.js';
import { button, byId, html, make } from './element.js';
import { linkTo } from './link.js';
import { RecipeForm } from './recipe-form.js';
import { pictureTile } from './tile.js';

/** It is checked so long after the last change. */
const QUIET_MILLISECONDS = 250;

export class RecipeView {
  readonly #text = byId('recipe', HTMLTextAreaElement);
  readonly #builtIn = byId('built-in', HTMLSelectElement);
  readonly #form = new RecipeForm((recipe) => {
    this.#text.value = formatJson(recipe);
    this.#changed();
  });
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ask: (message: Ask) => void) {
    this.#text.addEventListener('input', () => {
      this.#form.show(this.#text.value);
      this.#changed();
    });
    this.#builtIn.addEventListener('change', () => {
      if (this.#builtIn.value) ask({ type: 'builtIn', name: this.#builtIn.value });
    });
    button('train').addEventListener('click', () => this.train(false));
    button('afresh').addEventListener('click', () => this.train(true));
    button('link').addEventListener('click', () => void this.#link());
  }

  /** What can be chosen. */
  offer(names: readonly string[]): void {
    this.#builtIn.append(...names.map((name) => new Option(name, name)));
  }

  /** Another recipe takes the place of what is there. */
  show(text: string): void {
    this.#text.value = text;
    this.#text.scrollTop = 0;
    this.#form.show(text);
    this.check();
  }

  /** Trains by what is there; what is wrong with it is told by {@link fail}. */
  train(afresh: boolean): void {
    html('recipe-error').textContent = '';
    this.ask({ type: 'train', recipe: this.#text.value, afresh });
  }

  fail(message: string): void {
    html('recipe-error').textContent = message;
  }

  /** What a check says, unless the text has changed since. */
  checked({ text, error, weights, augmented = [] }: Extract<Say, { type: 'checked' }>): void {
    if (text !== this.#text.value) return;
    const line = html('recipe-check');
    line.textContent = error ?? `It can be trained: ${weights.toLocaleString('en-US')} weights.`;
    line.className = error === undefined ? 'quiet' : 'error';
    const [, path] = /^recipe: ([^:\s]+):/.exec(error ?? '') ?? [];
    this.#form.mark(path);
    html('augmented').hidden = augmented.length === 0;
    html('augmented-rows').replaceChildren(
      ...augmented.map((row) => make('li', '', make('span', 'tiles', ...row.map(pictureTile)))),
    );
  }

  #changed(): void {
    html('link-done').textContent = '';
    html('recipe-error').textContent = '';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.check(), QUIET_MILLISECONDS);
  }

  check(): void {
    this.ask({ type: 'check', recipe: this.#text.value });
  }

  async #link(): Promise<void> {
    try {
      const link = await linkTo(this.#text.value);
      history.replaceState(null, '', link);
      await navigator.clipboard.writeText(link);
      html('link-done').textContent = 'Copied.';
    } catch (error) {
      const isJson = !(error instanceof SyntaxError);
      html('link-done').textContent = isJson ? 'It is in the address bar.' : 'This is no JSON.';
    }
  }
}

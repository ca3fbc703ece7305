/**
 * The form beside a recipe's text. The text is what counts: the form shows what it finds there, writes into it, and
 * leaves all else as it is. What is wrong is not decided here, but by the check that the text goes through.
 */
import { html, make } from './element.js';
import {
  AUGMENTATION_FIELDS,
  DATA_FIELDS,
  type Field,
  LAYER_FORMS,
  type LayerForm,
  OPTIMIZER,
  OPTIMIZER_FIELDS,
  PHASE_FIELDS,
  RECIPE_FIELDS,
} from './recipe-fields.js';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `3` is a number, `3, 5` are two, other words are themselves; nothing is no option at all. */
function writtenValue(text: string): unknown {
  const parts = text.split(/[\s,×]+/).filter(Boolean);
  const numbers = parts.map(Number);
  if (parts.length === 0) return undefined;
  if (numbers.some(Number.isNaN)) return text.trim();
  return numbers.length === 1 ? numbers[0] : numbers;
}

const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value ?? ''));

/** So many layers are drawn in one go: MobileNetV2 has 155, which keep a slow computer busy for longer than a frame. */
const LAYERS_AT_ONCE = 20;

export class RecipeForm {
  #recipe: Json = {};
  /** The list of layers that is drawn. */
  #layers: HTMLElement | undefined;
  /** The path of the field that is wrong. */
  #wrong: string | undefined;

  /** @param onChange is given the recipe whenever the form has changed it */
  constructor(private readonly onChange: (recipe: Json) => void) {}

  /** Shows a recipe; of what is none, it says so. */
  show(text: string): void {
    let recipe: unknown;
    try {
      recipe = JSON.parse(text);
    } catch {
      // Said below.
    }
    const isRecipe = isObject(recipe) && Array.isArray(recipe['layers']) && Array.isArray(recipe['phases']);
    if (!isRecipe) {
      html('recipe-form').replaceChildren(
        make('p', 'quiet', 'The text is no recipe with layers and phases yet: the form shows it once it is.'),
      );
      return;
    }
    this.#recipe = recipe as Json;
    this.#draw();
  }

  /** Marks the field that an error's path names, such as `layers[3].filters`; none, if there is no error. */
  mark(path: string | undefined): void {
    this.#wrong = path;
    for (const input of html('recipe-form').querySelectorAll<HTMLElement>('[data-path]'))
      if (input.dataset['path'] === path) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
  }

  #draw(focused?: string): void {
    this.#wrong = undefined;
    const recipe = this.#recipe;
    const phases = (recipe['phases'] as unknown[]).filter(isObject);
    const layers = recipe['layers'] as unknown[];
    const rows = make('ol', 'layer-rows');
    this.#layers = rows;
    void this.#drawLayers(rows, layers, focused);
    html('recipe-form').replaceChildren(
      group('Training', ...RECIPE_FIELDS.map((field) => this.#input(recipe, field, field.key))),
      group('Images', ...this.#part('data', DATA_FIELDS)),
      group('Augmentation', ...this.#part('augmentation', AUGMENTATION_FIELDS)),
      ...phases.map((phase, i) => group(`Phase ${i + 1}`, ...this.#phase(phase, `phases[${i}]`))),
      group('Layers', rows, this.#adding(layers)),
    );
    focusOn(focused);
  }

  /** Draws the first layers at once, and the others one piece after the other, unless the form is drawn anew. */
  async #drawLayers(rows: HTMLElement, layers: unknown[], focused: string | undefined): Promise<void> {
    for (let first = 0; first < layers.length; first += LAYERS_AT_ONCE) {
      if (first > 0) await new Promise((resolve) => setTimeout(resolve));
      if (this.#layers !== rows) return;
      const piece = layers.slice(first, first + LAYERS_AT_ONCE).map((_, i) => this.#layer(layers, first + i));
      rows.append(...piece);
      if (first === 0) continue;
      if (this.#wrong?.startsWith('layers[')) this.mark(this.#wrong);
      if (piece.some((row) => row.querySelector(`[data-focus="${focused}"]`))) focusOn(focused);
    }
  }

  /** A part of the recipe that is left out while nothing is in it. */
  #part(key: string, fields: readonly Field[]): HTMLElement[] {
    const recipe = this.#recipe;
    const given = recipe[key];
    const part = isObject(given) ? given : {};
    const put = (): void => {
      if (Object.keys(part).length > 0) recipe[key] = part;
      else delete recipe[key];
    };
    return fields.map((field) => this.#input(part, field, `${key}.${field.key}`, put));
  }

  #phase(phase: Json, path: string): HTMLElement[] {
    const optimizer = isObject(phase['optimizer']) ? phase['optimizer'] : {};
    const choose = (): void => {
      // Options of another optimizer mean something else, or nothing.
      phase['optimizer'] = { type: optimizer['type'] };
      this.#draw(path);
    };
    const type = this.#input(optimizer, OPTIMIZER, `${path}.optimizer.type`, choose);
    const select = type.querySelector('select');
    if (select) select.dataset['focus'] = path;
    const fields: readonly Field[] = Object.hasOwn(OPTIMIZER_FIELDS, String(optimizer['type']))
      ? OPTIMIZER_FIELDS[optimizer['type'] as keyof typeof OPTIMIZER_FIELDS]
      : [];
    return [
      ...PHASE_FIELDS.map((field) => this.#input(phase, field, `${path}.${field.key}`)),
      type,
      ...fields.map((field) => this.#input(optimizer, field, `${path}.optimizer.${field.key}`)),
    ];
  }

  #layer(layers: unknown[], at: number): HTMLElement {
    const given = layers[at];
    const layer = isObject(given) ? given : {};
    const type = String(layer['type'] ?? '?');
    const { fields }: LayerForm = Object.hasOwn(LAYER_FORMS, type)
      ? LAYER_FORMS[type as keyof typeof LAYER_FORMS]
      : { fields: [] };
    const name = layer['name'] === undefined ? '' : ` ${layer['name']}`;
    const move = (by: -1 | 1): HTMLButtonElement => {
      const word = by < 0 ? 'up' : 'down';
      const element = action(by < 0 ? '↑' : '↓', `Move ${type}${name} ${word}`, () => {
        layers.splice(at + by, 0, ...layers.splice(at, 1));
        this.#change(`${word}${at + by}`);
      });
      element.disabled = layers[at + by] === undefined;
      element.dataset['focus'] = `${word}${at}`;
      return element;
    };
    const remove = action('×', `Remove ${type}${name}`, () => {
      layers.splice(at, 1);
      this.#change(`remove${Math.min(at, layers.length - 1)}`);
    });
    remove.dataset['focus'] = `remove${at}`;
    return make(
      'li',
      '',
      make('span', 'layer-type', type, make('span', 'quiet', name)),
      make('span', 'fields', ...fields.map((field) => this.#input(layer, field, `layers[${at}].${field.key}`))),
      make('span', 'buttons', move(-1), move(1), remove),
    );
  }

  /** A new layer comes before the last one, which gives the answer. */
  #adding(layers: unknown[]): HTMLElement {
    const types = Object.entries<LayerForm>(LAYER_FORMS).filter(([, { fresh }]) => fresh);
    const select = selectOf(
      types.map(([type]) => type),
      'Conv2D',
    );
    select.dataset['focus'] = 'add';
    const label = make('label', 'field', make('span', '', 'a new layer before the last one'), select);
    const add = action('Add', 'Add this layer', () => {
      const { fresh }: LayerForm = LAYER_FORMS[select.value as keyof typeof LAYER_FORMS];
      layers.splice(-1, 0, { type: select.value, ...fresh });
      this.#change('add');
    });
    return make('p', 'buttons', label, add);
  }

  /** The layers are others now: the form is drawn anew. */
  #change(focused: string): void {
    this.#draw(focused);
    this.onChange(this.#recipe);
  }

  /** @param onValue is called once the value is in its place, before the recipe is given on */
  #input(owner: Json, field: Field, path: string, onValue: () => void = () => undefined): HTMLElement {
    const { key, label, choices, isSwitch, slider } = field;
    const value = owner[key];
    const set = (next: unknown): void => {
      if (next === undefined) delete owner[key];
      else owner[key] = next;
      onValue();
      this.onChange(this.#recipe);
    };
    if (isObject(value)) return make('span', 'field', make('span', '', label), make('span', 'quiet', 'as in the text'));
    let input: HTMLInputElement | HTMLSelectElement;
    if (isSwitch) {
      const box = make('input', '');
      box.type = 'checkbox';
      box.checked = value === true;
      box.addEventListener('change', () => set(box.checked || undefined));
      input = box;
    } else if (slider && !Array.isArray(value)) {
      const range = this.#slider(field, value, (next) => set(next || undefined));
      (range.querySelector('input') as HTMLInputElement).dataset['path'] = path;
      return range;
    } else if (choices) {
      const select = selectOf(value === undefined ? ['', ...choices] : choices, textOf(value));
      select.addEventListener('change', () => set(select.value || undefined));
      input = select;
    } else {
      const box = make('input', '');
      box.autocomplete = 'off';
      box.value = textOf(value);
      box.addEventListener('input', () => set(writtenValue(box.value)));
      input = box;
    }
    input.dataset['path'] = path;
    return make('label', isSwitch ? 'field switch' : 'field', make('span', '', label), input);
  }

  #slider(
    { label, slider: [most, step] = [1, 0.1] }: Field,
    value: unknown,
    set: (value: number) => void,
  ): HTMLElement {
    const range = make('input', '');
    range.type = 'range';
    Object.assign(range, { min: '0', max: String(most), step: String(step), value: String(value ?? 0) });
    const shown = make('output', '', textOf(value ?? 0));
    range.addEventListener('input', () => {
      shown.textContent = range.value;
      set(Number(range.value));
    });
    return make('label', 'field', make('span', '', label), range, shown);
  }
}

/** Gives the keyboard back to what was used, after it was drawn anew. */
function focusOn(name: string | undefined): void {
  if (name !== undefined) html('recipe-form').querySelector<HTMLElement>(`[data-focus="${name}"]`)?.focus();
}

function group(title: string, ...content: HTMLElement[]): HTMLElement {
  return make('fieldset', '', make('legend', '', title), make('div', 'fields', ...content));
}

function action(text: string, name: string, act: () => void): HTMLButtonElement {
  const element = make('button', '', text);
  element.type = 'button';
  element.setAttribute('aria-label', name);
  element.addEventListener('click', act);
  return element;
}

/** A value that is none of the choices is one of its own, so that it is shown as it is. */
function selectOf(choices: readonly string[], value: string): HTMLSelectElement {
  const select = make('select', '');
  for (const choice of choices.includes(value) ? choices : [value, ...choices]) {
    const option = make('option', '', choice);
    option.value = choice;
    select.append(option);
  }
  select.value = value;
  return select;
}

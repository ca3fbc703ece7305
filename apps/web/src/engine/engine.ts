/** What the worker does for the page: one device, one run at a time. */
import { toOnnx, toSafetensors } from '@anke/exchange';
import { DeviceLostError, type Gpu } from '@anke/kernels';
import { checkRecipe, formatJson, memoryStore, type ResolvedRecipe, readText, type Store } from '@anke/training';
import type { Ask, ExportFormat, Say } from '../protocol.js';
import { NoDeviceError, openDevice } from './adapter.js';
import { browserStore, canKeep, forgetRun, forgetRuns, lastRun, rememberRun } from './browser-store.js';
import { readDropped } from './dropped.js';
import { firstRecipe } from './first-recipe.js';
import { Gate } from './gate.js';
import { Run } from './run.js';
import { dataFacts, type OwnData, runData } from './run-data.js';

const WRITERS = { onnx: toOnnx, safetensors: toSafetensors } as const satisfies Record<ExportFormat, unknown>;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Kept runs that are deleted before a training begins. */
type Forgotten = 'run' | 'all';

interface Beginning {
  readonly forget: Forgotten | undefined;
  readonly signal: AbortSignal;
}

export class Engine {
  readonly #gate = new Gate();
  #gpu: Gpu | undefined;
  #device = '';
  #own: OwnData | undefined;
  #run: Run | undefined;
  /** The training under way, and those that wait for its end: there is one at a time. */
  #training: Promise<void> = Promise.resolve();
  /** Ends the training that was asked for last. */
  #ending = new AbortController();
  /** The recipe that trains, as text. */
  #recipe = '';
  /** Is asked for the latest only. */
  readonly #latest = new Map<string, Ask>();

  constructor(readonly say: (message: Say) => void) {}

  async answer(ask: Ask): Promise<void> {
    try {
      await this.#do(ask);
    } catch (error) {
      if (error instanceof NoDeviceError) this.say({ type: 'noDevice', reason: error.message });
      else if (error instanceof DeviceLostError)
        this.say({ type: 'problem', message: `${error.message}; training opens it again` });
      else this.say({ type: 'problem', message: messageOf(error) });
    }
  }

  async #do(ask: Ask): Promise<void> {
    switch (ask.type) {
      case 'open':
        return await this.#open(ask.recipe);
      case 'train':
        await this.#train(ask.recipe, ask.afresh ? 'run' : undefined);
        return;
      case 'pause':
        return ask.paused ? this.#gate.close() : this.#gate.open();
      case 'predict':
      case 'activations':
        return await this.#ofLatest(ask);
      case 'program':
        if (this.#run) this.say({ type: 'program', program: await this.#run.program(this.#gpu as Gpu) });
        return;
      case 'export':
        return await this.#export(ask.format);
      case 'drop':
        return await this.#drop(ask);
      case 'synthetic':
        this.#own = undefined;
        await this.#train(this.#recipe);
        return;
      case 'forget':
        await this.#train(this.#recipe, 'all');
        return;
    }
  }

  async #open(given: string | undefined): Promise<void> {
    const { adapter } = await this.#openDevice();
    if (given !== undefined && (await this.#train(given))) return;
    await this.#train((await keptRecipe()) ?? firstRecipe(adapter.software));
  }

  /** Also in the place of a device that was lost. */
  async #openDevice(): ReturnType<typeof openDevice> {
    this.#gpu?.destroy();
    const opened = await openDevice();
    const { gpu, adapter } = opened;
    this.#gpu = gpu;
    this.#device = adapter.name;
    gpu.compiler.onGiveUp = (line) => this.say({ type: 'problem', message: line });
    this.say({ type: 'adapter', adapter });
    return opened;
  }

  /**
   * Ends the training under way and begins another one.
   *
   * @param forget kept runs that are deleted before: that of this recipe, or all
   * @returns whether it is a recipe that can be trained here
   */
  async #train(text: string, forget?: Forgotten): Promise<boolean> {
    let recipe: ResolvedRecipe;
    try {
      recipe = await readRecipe(text);
    } catch (error) {
      this.say({ type: 'recipeError', message: messageOf(error) });
      return false;
    }
    this.#ending.abort();
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    this.#gate.open();
    this.#recipe = formatJson(JSON.parse(text));
    this.#training = this.#training
      .then(() => this.#trainNow(recipe, { forget, signal }))
      .catch((error: unknown) => this.say({ type: 'state', state: 'failed', detail: messageOf(error) }));
    return true;
  }

  async #trainNow(recipe: ResolvedRecipe, { forget, signal }: Beginning): Promise<void> {
    if (signal.aborted) return; // another one was asked for while this one waited
    this.say({ type: 'recipe', text: this.#recipe, name: recipe.name });
    await this.#run?.destroy();
    this.#run = undefined;
    const own = this.#own;
    this.say({ type: 'state', state: 'data', detail: own ? own.name : 'drawing digits' });
    const data = await runData(recipe, own, (done, total) => {
      this.say({ type: 'state', state: 'data', detail: `drawing digits: ${done} of ${total}` });
    });
    this.say({ type: 'data', data: dataFacts(data, own) });
    const store = await this.#store(recipe, forget);
    const run = new Run({
      gpu: this.#gpu as Gpu,
      reopen: async () => (await this.#openDevice()).gpu,
      device: this.#device,
      recipe,
      data,
      store,
      gate: this.#gate,
      signal,
      say: this.say,
    });
    this.#run = run;
    await run.train();
  }

  /** Where the run is kept: under a name that tells its recipe and its data. */
  async #store(recipe: ResolvedRecipe, forget: Forgotten | undefined): Promise<Store> {
    const kept = await canKeep();
    this.say({ type: 'kept', kept });
    if (!kept) return memoryStore();
    const said = new TextEncoder().encode(JSON.stringify([recipe, this.#own?.name ?? 'synthetic']));
    const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', said));
    const name = Array.from(sum.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (forget === 'all') await forgetRuns();
    if (forget === 'run') await forgetRun(name);
    // A run of dropped data can be resumed once that is dropped again; a reload cannot ask for it.
    if (!this.#own) await rememberRun(name);
    return await browserStore(name);
  }

  /** Answers one question of a kind at a time, and of those that wait only the latest. */
  async #ofLatest(ask: Extract<Ask, { type: 'predict' | 'activations' }>): Promise<void> {
    const isBusy = this.#latest.has(ask.type);
    this.#latest.set(ask.type, ask);
    if (isBusy) return;
    try {
      for (let next: Ask | undefined = ask; next && this.#run?.isReady; ) {
        const { pixels } = next as typeof ask;
        this.say(await this.#run[ask.type](pixels));
        const waiting = this.#latest.get(ask.type);
        next = waiting === next ? undefined : waiting;
      }
    } finally {
      this.#latest.delete(ask.type);
    }
  }

  async #export(format: ExportFormat): Promise<void> {
    if (!this.#run?.isReady) throw new Error('There is no network to export yet.');
    const { model, parts } = this.#run;
    const { classNames } = parts.data.training;
    const weights = await model.getWeights();
    const bytes = await WRITERS[format](model.graph, weights, { classNames });
    this.say({ type: 'file', name: `model.${format}`, bytes });
  }

  async #drop({ name, files }: Extract<Ask, { type: 'drop' }>): Promise<void> {
    try {
      if (this.#recipe === '') throw new Error('There is nothing yet that could train on it: the device is not open.');
      this.#own = await readDropped(name, files);
    } catch (error) {
      this.say({ type: 'dataError', message: messageOf(error) });
      return;
    }
    await this.#train(this.#recipe);
  }
}

/** The recipe of the run that trained last, if it is kept. */
async function keptRecipe(): Promise<string | undefined> {
  if (!(await canKeep())) return undefined;
  const name = await lastRun();
  return name && (await readText(await browserStore(name), 'recipe.json'));
}

/** @throws RecipeError or SyntaxError that says what is wrong */
async function readRecipe(text: string): Promise<ResolvedRecipe> {
  const { config } = await import('zod');
  // Else the library makes functions of text, which a content security policy may forbid.
  config({ jitless: true });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`recipe: this is no JSON (${messageOf(error)})`);
  }
  const recipe = await checkRecipe(given, 'recipe');
  if (recipe.data.path !== undefined)
    throw new Error('recipe: data.path: a page cannot open paths; leave it out, and drop the files on the page');
  if (recipe.weights)
    throw new Error('recipe: weights: a page cannot open paths; leave it out, and begin with fresh weights');
  return recipe;
}

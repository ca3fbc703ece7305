/** What the worker does for the page: one device, one run at a time. */
import type { SourceFile } from '@anke/data';
import { DeviceLostError, type Gpu } from '@anke/kernels';
import {
  formatJson,
  memoryStore,
  type ResolvedRecipe,
  readDataFacts,
  readText,
  SealedStore,
  type TrainingData,
} from '@anke/training';
import type { Ask, ExportFormat, Say } from '../protocol.js';
import { NoDeviceError, openDevice } from './adapter.js';
import { augmented } from './augmented.js';
import { browserStore, canKeep, forgetRun, lastRun, rememberRun } from './browser-store.js';
import { BUILT_IN, builtInRecipe } from './built-in-recipe.js';
import { SYNTHETIC } from './digits.js';
import { readDropped, sourceOf } from './dropped.js';
import { exported } from './export.js';
import { Gate } from './gate.js';
import { deleteRun, deleteRuns, keptRuns, packRun } from './kept-runs.js';
import { measureDevice } from './measure.js';
import { readRecipe, weightsOf } from './read-recipe.js';
import { Run } from './run.js';
import { dataFacts, type OwnData, runData } from './run-data.js';
import { withRun } from './run-lock.js';
import { nameOfRun, RECIPE_FILE } from './run-name.js';
import { runAmong, takeRun } from './taken-run.js';
import { verify } from './verify.js';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface BeginOptions {
  /** Kept runs that are deleted before the training begins: that of this recipe, or all. */
  readonly forget?: 'run' | 'all' | undefined;
  /** The kept run that is to go on, and what it has learned from. */
  readonly expected?: { readonly id: string; readonly data: string };
}

interface Beginning extends BeginOptions {
  readonly signal: AbortSignal;
}

export class Engine {
  readonly #gate = new Gate();
  #gpu: Gpu | undefined;
  #device = '';
  #software = false;
  /** Whether a verification or a measurement is under way. */
  #isMeasured = false;
  #own: OwnData | undefined;
  #run: Run | undefined;
  /** The name under which the run is kept, if it is. */
  #id: string | undefined;
  /** The training under way, and those that wait for its end: there is one at a time. */
  #training: Promise<void> = Promise.resolve();
  /** Ends when the training does that has the device. */
  #submitting: Promise<void> = Promise.resolve();
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
        await this.#train(ask.recipe, { forget: ask.afresh ? 'run' : undefined });
        return;
      case 'check':
        return await this.#check(ask.recipe);
      case 'builtIn':
        this.say({ type: 'draft', text: builtInRecipe(ask.name, this.#software) });
        return;
      case 'pause':
        return ask.paused ? this.#gate.close('people') : this.#gate.open('people');
      case 'predict':
      case 'activations':
        return await this.#ofLatest(ask);
      case 'program':
        if (this.#run) this.say({ type: 'program', program: await this.#run.program(this.#gpu as Gpu) });
        return;
      case 'verify':
        return await this.#alone('verify', async (gpu, say) =>
          this.say({ type: 'verified', facts: await verify(gpu, ask.file, say) }),
        );
      case 'measure':
        return await this.#alone('measure', async (gpu, say) =>
          this.say({ type: 'measured', facts: await measureDevice(gpu, this.#device, say) }),
        );
      case 'export':
        return await this.#export(ask.format);
      case 'drop':
        return await this.#drop(ask);
      case 'synthetic':
        this.#own = undefined;
        await this.#train(this.#recipe);
        return;
      case 'openRun':
        return await this.#openRun(ask.id);
      case 'packRun':
        return await this.#packRun(ask.id);
      case 'deleteRun':
        return await this.#deleteRun(ask.id);
      case 'forget':
        await this.#train(this.#recipe, { forget: 'all' });
        return;
    }
  }

  async #open(given: string | undefined): Promise<void> {
    this.say({ type: 'builtIn', names: BUILT_IN });
    const { adapter } = await this.#openDevice();
    this.#software = adapter.software;
    if (given !== undefined && (await this.#train(given))) return;
    await this.#train((await lastRecipe()) ?? builtInRecipe('cnn', adapter.software));
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
   * @returns whether it is a recipe that can be trained here
   */
  async #train(text: string, options: BeginOptions = {}): Promise<boolean> {
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
    this.#gate.open('people');
    this.#recipe = formatJson(JSON.parse(text));
    this.#training = this.#training
      .then(() => this.#trainNow(recipe, { ...options, signal }))
      .catch((error: unknown) => this.say({ type: 'state', state: 'failed', detail: messageOf(error) }));
    return true;
  }

  async #trainNow(recipe: ResolvedRecipe, { forget, expected, signal }: Beginning): Promise<void> {
    if (signal.aborted) return; // another one was asked for while this one waited
    this.say({ type: 'recipe', text: this.#recipe, name: recipe.name });
    await this.#run?.destroy();
    this.#run = undefined;
    this.#id = undefined;
    const own = this.#own;
    this.say({ type: 'state', state: 'data', detail: own ? own.name : 'drawing digits' });
    const data = await runData(recipe, own, (done, total) => {
      this.say({ type: 'state', state: 'data', detail: `drawing digits: ${done} of ${total}` });
    });
    this.say({ type: 'data', data: dataFacts(data, own) });
    const id = await nameOfRun(recipe, data);
    if (expected && id !== expected.id)
      throw new Error(`this run has learned from ${expected.data}; drop that on the page again, and it goes on`);
    const kept = await canKeep();
    this.say({ type: 'kept', kept });
    if (!kept) return await this.#trainIn(new SealedStore(memoryStore()), { recipe, data, signal });
    if (forget === 'all') await deleteRuns();
    const onWait = (): void => this.say({ type: 'state', state: 'waiting', detail: '' });
    try {
      await withRun(id, { signal, onWait }, async () => {
        if (forget === 'run') await forgetRun(id);
        // A run of dropped data can be resumed once that is dropped again; a reload cannot ask for it.
        if (!own) await rememberRun(id);
        this.#id = id;
        await this.#trainIn(new SealedStore(await browserStore(id)), { recipe, data, signal });
      });
    } finally {
      await this.#tellRuns();
    }
  }

  async #trainIn(
    store: SealedStore,
    parts: { readonly recipe: ResolvedRecipe; readonly data: TrainingData; readonly signal: AbortSignal },
  ): Promise<void> {
    this.#run = new Run({
      ...parts,
      gpu: this.#gpu as Gpu,
      reopen: async () => (await this.#openDevice()).gpu,
      device: this.#device,
      store,
      gate: this.#gate,
      say: this.say,
    });
    await this.#run.begin();
    await this.#tellRuns();
    const training = this.#run.train();
    this.#submitting = training.catch(() => undefined);
    await training;
  }

  async #tellRuns(): Promise<void> {
    if (!(await canKeep())) return;
    // What the open run learns from is known before its files tell.
    const data = this.#run?.parts.data.training.source;
    const runs = (await keptRuns()).map((run) => (run.id === this.#id && data ? { ...run, data } : run));
    this.say({ type: 'runs', runs, open: this.#id });
  }

  async #openRun(id: string): Promise<void> {
    const recipe = await recipeOf(id);
    if (recipe === undefined) throw new Error('This run is not there any more.');
    const facts = await readDataFacts(await browserStore(id));
    const data = facts?.source ?? 'other images';
    if (data === SYNTHETIC) this.#own = undefined;
    if (!(await this.#train(recipe, { expected: { id, data } }))) await this.#tellRuns();
  }

  async #packRun(id: string): Promise<void> {
    const model = id === this.#id && this.#run?.isReady ? this.#run.model : undefined;
    this.say({ type: 'file', ...(await packRun(id, model)) });
  }

  async #deleteRun(id: string): Promise<void> {
    const isGone = await deleteRun(id);
    await this.#tellRuns();
    this.say({ type: 'runsNote', message: isGone ? 'Deleted.' : 'A tab of this browser trains this run: it stays.' });
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

  async #check(text: string): Promise<void> {
    const images = this.#run?.parts.data.training;
    try {
      const recipe = await readRecipe(text);
      const weights = weightsOf(recipe, images);
      const pictures = this.#gpu && images && (await augmented(this.#gpu, recipe, images));
      this.say({ type: 'checked', text, error: undefined, weights, augmented: pictures });
    } catch (error) {
      this.say({ type: 'checked', text, error: messageOf(error), weights: 0, augmented: undefined });
    }
  }

  /** Works with the device while the training waits. */
  async #alone(what: 'verify' | 'measure', work: (gpu: Gpu, say: (line: string) => void) => Promise<void>) {
    const say = (line: string, isError = false): void => this.say({ type: 'checking', what, line, isError });
    if (!this.#gpu) return say('The device is not open.', true);
    if (this.#isMeasured) return say('One after the other: the device is being checked.', true);
    this.#isMeasured = true;
    this.#gate.close('measurement');
    try {
      say('The training comes to a stop …');
      await Promise.race([this.#gate.arrival(), this.#submitting]);
      await work(this.#gpu, say);
      say('');
    } catch (error) {
      say(messageOf(error), true);
    } finally {
      this.#gate.open('measurement');
      this.#isMeasured = false;
    }
  }

  async #export(format: ExportFormat): Promise<void> {
    if (!this.#run?.isReady) throw new Error('There is no network to export yet.');
    const { model, parts } = this.#run;
    this.say({ type: 'file', ...(await exported(format, model, parts.data.training.classNames)) });
  }

  async #drop({ name, files }: Extract<Ask, { type: 'drop' }>): Promise<void> {
    try {
      if (this.#recipe === '') throw new Error('There is nothing yet that could train on it: the device is not open.');
      const source = sourceOf(name, files);
      const found: SourceFile[] = [];
      for await (const file of source.files()) found.push(file);
      const run = runAmong(found);
      if (run) {
        if (!(await canKeep())) throw new Error('This browser keeps no files for pages here, and so no run.');
        const message = await takeRun(name, run);
        await this.#tellRuns();
        return this.say({ type: 'runsNote', message });
      }
      this.#own = await readDropped(source);
    } catch (error) {
      this.say({ type: 'dataError', message: messageOf(error) });
      return;
    }
    await this.#train(this.#recipe);
  }
}

/** The recipe of a run that is kept; undefined if it is not there. */
const recipeOf = async (id: string): Promise<string | undefined> => await readText(await browserStore(id), RECIPE_FILE);

/** The recipe of the run that trained last, if it is kept. */
async function lastRecipe(): Promise<string | undefined> {
  const id = (await canKeep()) ? await lastRun() : undefined;
  return id === undefined ? undefined : await recipeOf(id);
}

/**
 * Choices between the variants of kernels that come with the program: `anke tune` has measured them on adapters that
 * many people have, so that nobody there waits for it again. They are files of `tables/`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Choices, registry } from '@anke/kernels';
import { type KernelChoices, parseChoices } from '@anke/training';

const FOLDER = fileURLToPath(new URL('../tables/', import.meta.url));

/** A file of choices that says what there was to choose from. */
export interface TuningTable extends KernelChoices {
  /** The variants of each kernel, in their order: a choice between others says nothing. */
  readonly variants: Readonly<Record<string, readonly string[]>>;
}

const variantsOf = (name: string): string[] =>
  Object.keys(registry.find((kernel) => kernel.name === name)?.variants ?? {});
const kernelOf = (key: string): string => key.slice(0, key.indexOf(' '));

/** The choices with what they were chosen from. */
export function tuningTable({ device, choices }: KernelChoices): TuningTable {
  const kernels = [...new Set(Object.keys(choices).map(kernelOf))];
  return { device, variants: Object.fromEntries(kernels.map((name) => [name, variantsOf(name)])), choices };
}

/** Adapters of one kind share their choices: `llvmpipe: Mesa 25.0.7` is an `llvmpipe`. */
const kindOf = (device: string): string => device.split(/[:(]/, 1)[0]?.trim() ?? '';

/** What is known of adapters of this device's kind; nothing where kernels have other variants now. */
export function shippedChoices(device: string, folder = FOLDER): Choices {
  const known: Record<string, string> = {};
  for (const file of readdirSync(folder)) {
    const text = readFileSync(`${folder}/${file}`, 'utf8');
    const table = parseChoices(text, file);
    if (kindOf(table.device) !== kindOf(device)) continue;
    const { variants } = JSON.parse(text) as TuningTable;
    const isCurrent = (name: string): boolean => variants[name]?.join() === variantsOf(name).join();
    for (const [key, variant] of Object.entries(table.choices)) if (isCurrent(kernelOf(key))) known[key] = variant;
  }
  return known;
}

/** If these failed, the energy that a benchmark tells would be another than was used. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EnergyMeter } from './energy.js';

const folder = (): string => mkdtempSync(join(tmpdir(), 'anke-energy-'));

/** Writes what a processor's counter tells. */
function counter(at: string, name: string, microjoules: number): void {
  mkdirSync(join(at, name), { recursive: true });
  writeFileSync(join(at, name, 'energy_uj'), `${microjoules}\n`);
  writeFileSync(join(at, name, 'max_energy_range_uj'), '10000000\n');
}

test('processors are added up, their parts are not counted twice, and a counter may begin again', () => {
  const at = folder();
  counter(at, 'intel-rapl:0', 1_000_000);
  counter(at, 'intel-rapl:1', 9_000_000);
  counter(at, 'intel-rapl:0:0', 500_000);
  const meter = new EnergyMeter(at);
  expect(meter.joules()).toBe(0);
  counter(at, 'intel-rapl:0', 3_000_000);
  counter(at, 'intel-rapl:1', 1_000_000);
  counter(at, 'intel-rapl:0:0', 2_500_000);
  expect(meter.joules()).toBe(4);
  counter(at, 'intel-rapl:0', 3_500_000);
  expect(meter.joules()).toBe(4.5);
});

test('where nothing is counted, nothing is told', () => {
  expect(new EnergyMeter(join(folder(), 'none')).joules()).toBeUndefined();
  expect(new EnergyMeter(folder()).joules()).toBeUndefined();
});

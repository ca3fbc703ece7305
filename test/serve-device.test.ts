/** If these failed, a server whose device is lost would answer with errors until somebody starts it anew. */
import { adapterAgain, openAdapter } from '@anke/dawn';
import { Gpu } from '@anke/kernels';
import { Dense, Flatten, Session, sequential } from '@anke/nn';
import { expect, test } from 'vitest';
import { type OpenedModel, ServedModel } from '../apps/cli/dist/serve/served-model.js';
import { ask, imageOf, post, serveModel } from './serving.js';

const graph = sequential([new Flatten(), new Dense({ units: 3, activation: 'softmax' })], { inputShape: [28, 28, 1] });

test('a lost device: a 503 until another is open, then the same answers as before', async () => {
  const report = await openAdapter(() => undefined);
  const devices: Gpu[] = [];
  /** Lets the next device be opened. */
  let allow: (() => void)[] = [];
  let failures = 1;
  const open = async (): Promise<OpenedModel> => {
    if (devices.length > 0) await new Promise<void>((resolve) => allow.push(resolve));
    if (devices.length > 0 && failures-- > 0) throw new Error('the driver is not back yet');
    const gpu = await Gpu.open(devices.length > 0 ? await adapterAgain(report) : report.adapter);
    devices.push(gpu);
    const predictor = await Session.open(gpu, graph).predictor(1, { rescale: 1 / 255 });
    return { predictors: [predictor], lost: gpu.device.lost, destroy: () => gpu.destroy() };
  };
  const said: string[] = [];
  const model = await ServedModel.open(open, (line) => said.push(line));
  const { url } = await serveModel(model);
  const answer = async (): Promise<string> =>
    await (await post(url, 'application/json', JSON.stringify([imageOf(200)]))).text();
  const before = await answer();
  expect(before).toContain('probabilities');

  devices[0]?.device.destroy();
  await devices[0]?.device.lost;
  const refused = await post(url, 'application/json', JSON.stringify([imageOf(200)]));
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await refused.json()).toEqual({ error: 'the device was lost and is being opened again' });
  expect((await fetch(`${url}/healthz`)).status).toBe(503);

  while (!model.isOpen) {
    for (const go of allow.splice(0)) go();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  allow = [];
  expect(await answer()).toBe(before);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(said.join('\n')).toMatch(/opened again \(.*\n.*tried again in 1 s: the driver is not back yet\n.*open again$/);
  // Once more, and with a request under way.
  const cut = ask(url, 1);
  devices[1]?.device.destroy();
  expect([200, 503]).toContain((await cut).status);
  model.close();
});

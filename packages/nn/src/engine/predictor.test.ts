/** If these failed, images of an odd number of bytes would be predicted wrongly, or not at all. */
import { expect, test } from 'vitest';
import { sequential } from '../graph/sequential.js';
import { Dense } from '../layers/dense.js';
import { Flatten } from '../layers/flatten.js';
import { useGpu } from '../testing/device.js';
import { DeviceData } from './device-data.js';
import { Session } from './session.js';

const gpu = useGpu();

test('images of any number of bytes are predicted alike from bytes and from the device', async () => {
  const shape = [5, 5, 1];
  const graph = sequential([new Flatten(), new Dense({ units: 3 })], { inputShape: shape });
  const session = Session.open(gpu(), graph);
  const pixels = Uint8Array.from({ length: 25 * 7 }, (_, i) => (i * 37) % 256);
  const data = new DeviceData(gpu(), 'images', { pixels, shape, rescale: 1 / 255 });
  const single = await session.predictor(1, { rescale: 1 / 255 });
  const alone: number[] = [];
  for (let i = 0; i < 7; i++) alone.push(...(await single.predict(pixels.slice(25 * i, 25 * (i + 1)))));
  const predictor = await session.predictor(3, { rescale: 1 / 255 });
  expect(Array.from(await predictor.predict(pixels))).toEqual(alone);
  expect(Array.from(await predictor.predict(data))).toEqual(alone);
  data.destroy();
  session.destroy();
});

/**
 * Hostile clients in a process of their own, so that the good ones, whose times are measured, do not wait for their
 * bodies of megabytes: `main.mjs` says when they begin and end, and is told how they were answered.
 */
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { hostileRequests } from './hostile.mjs';
import { post } from './post.mjs';

const CLIENTS = 4;
const PAUSE_MILLISECONDS = 100;

const requests = hostileRequests().map(({ make, ...request }) => ({ ...request, body: make() }));
let asking = false;

/** Sends one request after the other, as long as it is wanted, and a connection that says nothing with each. */
async function client(port, first, counts) {
  const agent = new Agent({ keepAlive: false });
  for (let i = first; asking; i++) {
    const { name, type, statuses, body } = requests[i % requests.length];
    const silent = connect(port, '127.0.0.1').on('error', () => undefined);
    const status = await post(agent, port, type, body).catch((error) => error.code);
    const answer = statuses.includes(status) || status === 503 ? 'right' : `${name}: ${status}`;
    counts[answer] = (counts[answer] ?? 0) + 1;
    await wait(PAUSE_MILLISECONDS);
    silent.destroy();
  }
}

process.on('message', async (port) => {
  asking = port !== 'end';
  if (!asking) return;
  const counts = {};
  const apart = Math.floor(requests.length / CLIENTS);
  await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(port, i * apart, counts)));
  process.send(counts);
});
process.on('disconnect', () => process.exit());
process.send('ready');

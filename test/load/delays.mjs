/** Loaded into a server that is measured: tells, when asked, how late its event loop has been at most since then. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  process.on('message', () => {
    process.send(histogram.max / 1e6);
    histogram.reset();
  });
  process.channel.unref(); // a server that was asked to end ends
}

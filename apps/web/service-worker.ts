/** The service worker's text: after the first visit, the page opens without a network. */

/**
 * @param files of the page, relative to it
 * @param version changes with any of them
 */
export const serviceWorker = (files: readonly string[], version: string): string => `
const CACHE = 'anke ' + location.pathname + ' ${version}';
const FILES = ${JSON.stringify(['./', ...files])};
addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => skipWaiting()));
});
addEventListener('activate', (event) => {
  const mine = 'anke ' + location.pathname + ' ';
  const old = (name) => name.startsWith(mine) && name !== CACHE;
  const clear = (names) => Promise.all(names.filter(old).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(clear));
});
addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  const kept = caches.open(CACHE).then((cache) => cache.match(event.request, { ignoreSearch: true }));
  event.respondWith(kept.then((found) => found ?? fetch(event.request)));
});
`;

/* Keeps the blank form, its styles and the queue page for times without a network. Never what belongs to a person:
   pages are fetched without cookies; tracking, desks and the admin are left to the network alone. */
'use strict';
const NAME = 'liaison-' + KEPT.version;
const PATIENCE_MS = 3000;
const NOT_OURS = /^\/(t|track|files|admin|desk|unit|my|overview|account|login|api)(\/|$)/;

async function hold(address, as) {
  const answer = await fetch(address, { credentials: 'omit', cache: 'no-cache', redirect: 'error' });
  if (answer.ok) await (await caches.open(NAME)).put(as || address, answer);
}

self.addEventListener('install', (event) => {
  event.waitUntil(Promise.all([...KEPT.files, ...KEPT.pages].map((address) => hold(address).catch(() => {}))).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith('liaison-') && name !== NAME).map((name) => caches.delete(name))))
      .then(() => self.clients.claim())
  );
});

self.addEventListener('message', (event) => {
  const station = (event.data || {}).station;
  if (!/^[0-9A-Z]{3,8}$/.test(station || '')) return;
  KEPT.pages.slice(0, 2).forEach((path) => event.waitUntil(hold(path + '?s=' + station, path).catch(() => {})));
});

/* A kept page says when it was kept: the page's script shows it. */
async function fromStore(path) {
  const found = await caches.match(path, { ignoreSearch: true, ignoreVary: true });
  if (!found) return null;
  const at = Date.parse(found.headers.get('Date') || '') || '';
  const text = (await found.text()).replace('<html ', '<html data-kept="' + at + '" ');
  const headers = new Headers(found.headers);
  headers.delete('Content-Encoding');
  headers.delete('Content-Length');
  return new Response(text, { headers });
}

function network(request) {
  const answer = fetch(request);
  answer.catch(() => {});
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  return { answer, soon: Promise.race([answer.catch(() => null), late]) };
}

async function page(request, path) {
  const { answer, soon } = network(request);
  const told = await soon;
  /* A server without its database is no better than no network: the form goes on from the phone. */
  return told && told.status < 500 ? told : (await fromStore(path)) || answer;
}

self.addEventListener('fetch', (event) => {
  const request = event.request, url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (KEPT.files.includes(url.pathname)) {
    event.respondWith(caches.match(request, { ignoreVary: true }).then((found) => found || fetch(request)));
  } else if (request.mode === 'navigate' && KEPT.pages.includes(url.pathname)) {
    event.respondWith(page(request, url.pathname));
  } else if (request.mode === 'navigate' && !NOT_OURS.test(url.pathname)) {
    event.respondWith(fetch(request).catch(async () => (await fromStore('/offline/')) || Response.error()));
  }
});

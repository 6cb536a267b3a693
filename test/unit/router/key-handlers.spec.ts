import { getEventListeners } from 'node:events';

import { describe, expect, it, jest } from '@jest/globals';

import type { KeyHandler } from '../../../lib/dispatcher/raw-intake.js';
import { hubSource, rejectionOf, routerWith, runFunction } from './router-fixture.js';

const ping = '{"key":"ping","payload":[1]}';

function routerOfHub(known: readonly string[] = []) {
  const made = routerWith();
  const { router } = routerWith({
    dispatch: {
      routeFor: (key) => (known.includes(key) ? made.route : undefined),
      dispatchTo: made.handle,
      runFunction,
      noteFunction: () => undefined,
    },
  });
  router.registerSources([hubSource()]);
  return router;
}

describe('on', () => {
  it('calls the function with the payload and what is known of the message', async () => {
    const router = routerOfHub();
    const handler = jest.fn<KeyHandler>(() => Promise.resolve('pong'));
    router.on('ping', handler);
    const { signal } = new AbortController();
    expect((await router.process(ping, { signal })).result).toBe('pong');
    const context = { key: 'ping', source: 'hub', headers: {}, meta: { signal }, context: {}, signal };
    expect(handler.mock.calls).toEqual([[[1], context]]);
  });

  it('matches keys exactly', async () => {
    const router = routerOfHub();
    router.on('pin', () => 'no');
    expect(await rejectionOf(router.process(ping))).toMatchObject({ code: 'DISPATCH_NO_HANDLER' });
  });

  it('rejects a key that has a function or a message class', () => {
    const router = routerOfHub(['push']);
    router.on('ping', () => 1);
    for (const key of ['ping', 'push']) {
      expect(() => router.on(key, () => 2)).toThrow(expect.objectContaining({ code: 'DISPATCH_DUPLICATE_KEY', key }));
    }
  });

  it('tells of functions whose key a message class has got since', () => {
    const known: string[] = [];
    const router = routerOfHub(known);
    router.on('ping', () => 1);
    expect(router.conflictingKeys()).toEqual([]);
    known.push('ping');
    expect(router.conflictingKeys()).toEqual(['ping']);
  });

  it('is undone once, even if the key has a new function by then', async () => {
    const router = routerOfHub();
    const remove = router.on('ping', () => 1);
    remove();
    expect(await rejectionOf(router.process(ping))).toMatchObject({ code: 'DISPATCH_NO_HANDLER' });
    router.on('ping', () => 2);
    remove();
    expect((await router.process(ping)).result).toBe(2);
  });

  it('is undone by its signal', async () => {
    const router = routerOfHub();
    const controller = new AbortController();
    router.on('ping', () => 1, { signal: controller.signal });
    controller.abort();
    expect(await rejectionOf(router.process(ping))).toMatchObject({ code: 'DISPATCH_NO_HANDLER' });
  });

  it('leaves no listener on the signal when it is undone', () => {
    const router = routerOfHub();
    const { signal } = new AbortController();
    const removals = Array.from({ length: 5 }, (_, at) => router.on(`key ${at}`, () => 1, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(5);
    for (const remove of removals) remove();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('adds nothing when its signal has aborted', async () => {
    const router = routerOfHub();
    router.on('ping', () => 1, { signal: AbortSignal.abort() })();
    expect(await rejectionOf(router.process(ping))).toMatchObject({ code: 'DISPATCH_NO_HANDLER' });
  });

  it('reports a function that throws at once as a failed handler and calls it again for the next message', async () => {
    const router = routerOfHub();
    const handler = jest.fn<KeyHandler>().mockImplementationOnce(() => { throw new Error('once'); }); // prettier-ignore
    router.on('ping', handler);
    expect(await rejectionOf(router.process(ping))).toMatchObject({ code: 'DISPATCH_HANDLER_FAILED', key: 'ping' });
    expect((await router.process(ping)).outcome).toBe('handled');
  });
});

import { describe, expect, it, jest } from '@jest/globals';

import { header } from '../../../lib/router/sources/discriminators.js';
import type { Inspector } from '../../../lib/router/sources/inspector.js';
import { defineSource, type MessageSource } from '../../../lib/router/sources/source.js';
import { viewOf } from '../../../lib/router/sources/view.js';
import { goodMessage, hubMessage, hubSource, Push, routerWith } from './router-fixture.js';

describe('MessageRouter', () => {
  it('hands a message to its handler as an instance of its class and tells the result', async () => {
    const { router, handle, route } = routerWith();
    router.registerSources([hubSource()]);
    const result = await router.process(goodMessage);
    expect(result).toEqual({ outcome: 'handled', source: 'hub', key: 'push', result: 'done' });
    expect(handle).toHaveBeenCalledWith(route, expect.any(Push), expect.anything());
    expect(handle.mock.calls[0]?.[1]).toEqual({ ref: 'main' });
  });

  it('takes bytes, a slice of a larger buffer and text alike', async () => {
    const { router, handle } = routerWith();
    router.registerSources([hubSource()]);
    const slice = Buffer.from(`..${goodMessage}..`).subarray(2, -2);
    for (const raw of [goodMessage, slice, new Uint8Array(slice), Buffer.from(`\ufeff${goodMessage}`)]) {
      expect((await router.process(raw)).outcome).toBe('handled');
    }
    expect(handle).toHaveBeenCalledTimes(4);
  });

  it('carries id, key, headers and signal of a message to the dispatcher, but no transport headers', async () => {
    const { router, handle } = routerWith();
    const routed = { key: 'push', payload: {}, id: 'id-1', messageKey: 'repo-1', headers: { tenant: 't' } };
    router.registerSources([hubSource({ parse: () => routed })]);
    const { signal } = new AbortController();
    await router.process(goodMessage, { signal, headers: { authorization: 'secret' } });
    expect(handle.mock.calls[0]?.[2]).toEqual({ id: 'id-1', key: 'repo-1', headers: { tenant: 't' }, signal });
  });

  it('leaves a payload alone that is an instance of the class already', async () => {
    const { router, handle } = routerWith();
    const push = new Push();
    router.registerSources([hubSource({ parse: () => ({ key: 'push', payload: push }) })]);
    await router.process(goodMessage);
    expect(handle.mock.calls[0]?.[1]).toBe(push);
  });

  it('waits for a source that verifies and parses asynchronously', async () => {
    const { router } = routerWith();
    const verify = jest.fn<NonNullable<MessageSource['verify']>>().mockResolvedValue(true);
    router.registerSources([hubSource({ verify, parse: (view) => Promise.resolve(hubMessage(view)) })]);
    expect((await router.process(goodMessage, { transport: 'http' })).outcome).toBe('handled');
    expect(verify).toHaveBeenCalledWith(goodMessage, { transport: 'http' });
  });

  it('verifies before it parses', async () => {
    const { router } = routerWith();
    const order: string[] = [];
    router.registerSources([
      hubSource({
        verify: () => void order.push('verify'),
        parse: (view) => (order.push('parse'), hubMessage(view)),
      }),
    ]);
    await router.process(goodMessage);
    expect(order).toEqual(['verify', 'parse']);
  });

  it('gives the first registered of two matching sources the message, also when added later', async () => {
    const { router } = routerWith();
    router.registerSources([hubSource({ name: 'first' })]);
    router.registerSources([hubSource({ name: 'second' })]);
    expect((await router.process(goodMessage)).source).toBe('first');
    expect(router.sourceNames()).toEqual(['first', 'second']);
  });

  it('inspects a message once for all sources of a group, and the groups behind it only if needed', async () => {
    const { router } = routerWith({ defaultInspector: inspector('json', '{') });
    const packed = inspector('packed', '!');
    router.registerSources([
      defineSource({
        name: 'packed',
        match: () => true,
        inspector: packed,
        parse: () => ({ key: 'push', payload: {} }),
      }),
      ...['a', 'b', 'c'].map((name) => hubSource({ name, match: header('x-source', name) })),
    ]);
    const asked = () => [inspections['json'], inspections['packed']];
    expect((await router.process(goodMessage, { headers: { 'X-Source': 'c' } })).source).toBe('c');
    expect(asked()).toEqual([1, 0]);
    expect((await router.process('!')).source).toBe('packed');
    expect(asked()).toEqual([2, 1]);
  });

  it('refuses wrongly made sources with every problem and adds none of them', () => {
    const { router } = routerWith();
    const lame = { options: { name: 'lame', match: () => true }, source: {} as never };
    const add = () => router.registerSources([hubSource(), hubSource(), hubSource({ name: '' }), lame]);
    expect(add).toThrow(expect.objectContaining({ code: 'DISPATCH_SOURCE_SETUP', problems: expect.any(Array) }));
    expect(add).toThrow(/two sources are named "hub".*empty name.*"lame".*no method "parse"/);
    expect(router.sourceNames()).toEqual([]);
  });
});

const inspections: Record<string, number> = { json: 0, packed: 0 };

function inspector(name: string, firstCharacter: string): Inspector {
  return {
    name,
    inspect(raw) {
      inspections[name] = (inspections[name] ?? 0) + 1;
      if (typeof raw !== 'string' || !raw.startsWith(firstCharacter)) return undefined;
      return viewOf(name === 'json' ? JSON.parse(raw) : raw);
    },
  };
}

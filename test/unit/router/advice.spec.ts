import { describe, expect, it } from '@jest/globals';

import { viewOf } from '../../../lib/router/sources/view.js';
import { hubSource, rejectionOf, routerWith } from './router-fixture.js';

async function adviceFor(raw: unknown, parsed?: { readonly value: unknown }): Promise<unknown> {
  const { router } = routerWith();
  router.registerSources([hubSource(parsed === undefined ? {} : { parse: () => parsed.value as never })]);
  return rejectionOf(router.process(raw as never));
}

const unreadable = (message: RegExp) => ({
  code: 'DISPATCH_UNREADABLE_MESSAGE',
  message: expect.stringMatching(message),
});

describe('the text of a refusal', () => {
  it.each<[string, unknown, RegExp]>([
    ['a raw body that was not asked for', undefined, /is undefined, not bytes .*\{ rawBody: true \}/],
    ['null', null, /is null, not bytes .*\{ rawBody: true \}/],
    [
      'a parsed body',
      { zen: 'calm' },
      /is an object \(was the body parsed already\?\), not bytes .*\{ rawBody: true \}/,
    ],
    ['a parsed list', [], /is an array \(was the body parsed already\?\), not bytes/],
    ['a number', 5, /is a number, not bytes/],
    ['text that another parser has left empty', '', /is empty; .*\{ rawBody: true \} and let no other parser read/],
    ['bytes that another parser has left empty', new Uint8Array(), /is empty; .*\{ rawBody: true \}/],
  ])('says what to do about %s', async (_title, raw, text) => {
    expect(await adviceFor(raw)).toMatchObject(unreadable(text));
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /the source returned nothing: return \{ key, payload \}/],
    ['null', null, /the source returned nothing: return \{ key, payload \}/],
    ['the key alone', 'push', /the source returned a string: return \{ key, payload \}/],
    ['no key', { payload: {} }, /the source read no key from it/],
  ])('says what to do about a source that returns %s', async (_title, value, text) => {
    expect(await adviceFor('{"key":"push"}', { value })).toMatchObject(unreadable(text));
  });

  it('says that there is no source where none is registered', async () => {
    for (const raw of ['{"key":"push"}', '']) {
      expect(await rejectionOf(routerWith().router.process(raw))).toMatchObject({
        code: 'DISPATCH_NO_SOURCE',
        message: 'No source is registered: add a class with @Source to the providers of a module.',
      });
    }
  });

  it('names what the handler threw', async () => {
    const { router, handle } = routerWith();
    router.registerSources([hubSource()]);
    handle.mockRejectedValue(new Error('disk full'));
    expect(await rejectionOf(router.process('{"key":"push","payload":{}}'))).toMatchObject({
      message: 'The handler of a message of source "hub" with key "push" failed: disk full',
    });
  });
});

describe('an empty message', () => {
  it('is handled where an inspector takes it for its format', async () => {
    const { router } = routerWith({ defaultInspector: { name: 'any', inspect: () => viewOf({ key: 'push' }) } });
    router.registerSources([hubSource({ parse: () => ({ key: 'push', payload: {} }) })]);
    expect((await router.process('')).outcome).toBe('handled');
  });
});

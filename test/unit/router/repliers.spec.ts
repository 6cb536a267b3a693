import { describe, expect, it, jest } from '@jest/globals';

import type { RouterHooks } from '../../../lib/router/hooks.js';
import type { Replier } from '../../../lib/router/sources/source.js';
import { goodMessage, hubMessage, hubSource, rejectionOf, routerWith } from './router-fixture.js';

function routerWithReplier(overrides: Partial<Replier> = {}, hooks: RouterHooks = {}) {
  const replier = { reply: jest.fn(overrides.reply), fail: jest.fn(overrides.fail) };
  const made = routerWith();
  made.router.registerSources([hubSource({ parse: (view) => ({ ...hubMessage(view), replier }), ...hooks })]);
  return { ...made, replier };
}

describe('a replier', () => {
  it('gets the result of the handler', async () => {
    const { router, replier } = routerWithReplier();
    await router.process(goodMessage);
    expect(replier.reply.mock.calls).toEqual([['done']]);
    expect(replier.fail).not.toHaveBeenCalled();
  });

  it('gets {} when the handler returns nothing, but the result itself when it is empty', async () => {
    const { router, replier, handle } = routerWithReplier();
    for (const result of [undefined, 0, '', false]) {
      handle.mockResolvedValueOnce(result);
      expect((await router.process(goodMessage)).result).toBe(result);
    }
    expect(replier.reply.mock.calls).toEqual([[{}], [0], [''], [false]]);
  });

  it.each([
    ['an unknown key', '{"key":"pull"}'],
    ['a payload that cannot become its class', '{"key":"push","payload":5}'],
    ['a failed handler', goodMessage],
  ])('gets the error of %s, the one process rejects with', async (_title, raw) => {
    const { router, replier, handle } = routerWithReplier();
    handle.mockRejectedValue(new Error('disk full'));
    const error = await rejectionOf(router.process(raw));
    expect(replier.fail.mock.calls).toEqual([[error]]);
    expect(replier.reply).not.toHaveBeenCalled();
  });

  it('gets the error of an onParse hook', async () => {
    const { router, replier } = routerWithReplier({}, { onParse: () => Promise.reject(new Error('no tenant')) });
    const error = await rejectionOf(router.process(goodMessage));
    expect(replier.fail.mock.calls).toEqual([[error]]);
  });

  it('hears nothing of a skipped message', async () => {
    const { router, replier } = routerWithReplier({}, { onNoHandler: () => undefined });
    await router.process('{"key":"pull"}');
    expect(replier.reply).not.toHaveBeenCalled();
    expect(replier.fail).not.toHaveBeenCalled();
  });

  it('that cannot reply is logged and notified, and the message stays handled', async () => {
    const lost = new Error('connection lost');
    const { router, facts, logged } = routerWithReplier({ reply: () => Promise.reject(lost) });
    expect((await router.process(goodMessage)).outcome).toBe('handled');
    expect(facts.replierFailed).toEqual([{ source: 'hub', key: 'push', replied: 'result', error: lost }]);
    expect(logged).toHaveBeenCalledWith(expect.stringContaining('connection lost'), expect.any(String));
    expect(facts.refused).toEqual([]);
  });

  it('that cannot send an error is logged and notified, and process rejects with that error', async () => {
    const lost = new Error('connection lost');
    const { router, facts } = routerWithReplier({ fail: () => Promise.reject(lost) });
    expect(await rejectionOf(router.process('{"key":"pull"}'))).toMatchObject({ code: 'DISPATCH_NO_HANDLER' });
    expect(facts.replierFailed).toEqual([{ source: 'hub', key: 'pull', replied: 'error', error: lost }]);
  });
});

import { ForbiddenException } from '@nestjs/common';
import { describe, expect, it, jest } from '@jest/globals';

import { EventHandlingError } from '../../../lib/dispatcher/errors.js';
import type { RouterHooks } from '../../../lib/router/hooks.js';
import type { MessageRouterOptions } from '../../../lib/router/message-router.js';
import type { SourceDefinition } from '../../../lib/router/sources/source.js';
import { goodMessage, hubSource, routerWith } from './router-fixture.js';

type Setup = Partial<SourceDefinition> & RouterHooks;

/** What the router logs of one message, as `<level> <text>`, and the stacks beside it. */
async function logOf(raw: string, own: Setup = {}, overrides: Partial<MessageRouterOptions> = {}, fault?: unknown) {
  const { router, logger, handle } = routerWith(overrides);
  if (fault !== undefined) handle.mockRejectedValue(fault);
  router.registerSources([hubSource(own)]);
  await Promise.allSettled([router.process(raw)]);
  const calls = Object.entries(logger).flatMap(([level, log]) => log.mock.calls.map((call) => [level, ...call]));
  return {
    lines: calls.map(([level, text]) => `${String(level)} ${String(text)}`),
    stacks: calls.map((call) => call[2]),
  };
}

describe('a message that is refused', () => {
  it('is one warning with its reason, source, key and error', async () => {
    const { lines } = await logOf('{"key":"pull","payload":{"card":"4711"}}');
    expect(lines).toEqual([
      expect.stringMatching(/^warn Refused message \(noHandler, source "hub", key "pull"\): Nothing/),
    ]);
  });

  it('is a warning without what is not known of it yet', async () => {
    expect((await logOf('{"card":"4711"}')).lines).toEqual([
      expect.stringMatching(/^warn Refused message \(noSource\): None of the 1 registered/),
    ]);
    expect((await logOf('4711', {}, { maxPayloadBytes: 1 })).lines).toEqual([
      expect.stringMatching(/^warn Refused message \(tooLarge\): The message has 4 bytes/),
    ]);
  });

  it('shows where a source fails to parse it, but not what that error quotes', async () => {
    const parse = (): never => {
      throw new RangeError('no such card: 4711\n    at 4711');
    };
    const { lines, stacks } = await logOf('{"key":"push"}', { parse });
    expect(lines).toEqual([
      expect.stringMatching(/^warn .*see the cause\. It is a RangeError at .*router-log\.spec.*\.$/),
    ]);
    expect(lines.join()).not.toContain('4711');
    expect(stacks).toEqual([undefined]);
  });

  it('shows where a source fails to parse it with an error that says nothing', async () => {
    const parse = (): never => {
      throw new TypeError();
    };
    const { lines } = await logOf('{"key":"push"}', { parse });
    expect(lines).toEqual([expect.stringMatching(/see the cause\. It is a TypeError at .*router-log\.spec/)]);
  });

  it('shows the rule an inspector found broken', async () => {
    const { lines } = await logOf('{"key":"push","__proto__":{}}');
    expect(lines).toEqual([expect.stringMatching(/^warn .*see the cause\. The data holds the key "__proto__"/)]);
  });

  it('cannot forge a line or fill the log by its key', async () => {
    const key = `x\n[Nest] all is well\u2028${'y'.repeat(100_000)}`;
    const { lines } = await logOf('{"key":"push"}', { parse: () => ({ key, payload: {} }) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\n\u2028]/);
    expect(lines[0]?.length).toBeLessThan(1500);
  });

  it('is a warning where a hook refuses it with an error of its own', async () => {
    const onNoHandler = (): never => {
      throw new Error('not on the list');
    };
    expect((await logOf('{"key":"pull"}', { onNoHandler })).lines).toEqual([
      'warn Refused message (noHandler, source "hub", key "pull"): not on the list',
    ]);
  });
});

describe('a message whose handler failed', () => {
  it('is one error with the text and the stack of what it threw', async () => {
    const cause = new Error('disk full');
    const { lines, stacks } = await logOf(goodMessage, {}, {}, cause);
    expect(lines).toEqual([expect.stringMatching(/^error Failed message \(handlerFailed, source "hub", key "push"\)/)]);
    expect(lines[0]).toMatch(/failed: disk full$/);
    expect(stacks).toEqual([cause.stack]);
  });

  it('is an error also where it threw something that is no error', async () => {
    const { lines, stacks } = await logOf(goodMessage, {}, {}, 'no disk');
    expect(lines).toEqual([expect.stringMatching(/^error Failed .*failed: no disk$/)]);
    expect(stacks).toEqual([undefined]);
    expect((await logOf(goodMessage, {}, {}, Object.create(null))).lines).toEqual([
      expect.stringMatching(/^error Failed/),
    ]);
  });

  it.each([
    ['an HTTP exception it answers with', new ForbiddenException('not yours')],
    ['failures of event handlers, each reported already', new EventHandlingError('Push', [new Error('disk full')], 1)],
  ])('is a warning without a stack for %s', async (_title, fault) => {
    const { lines, stacks } = await logOf(goodMessage, {}, {}, fault);
    expect(lines).toEqual([expect.stringMatching(/^warn Refused message \(handlerFailed/)]);
    expect(stacks).toEqual([undefined]);
  });
});

describe('a message that our own side could not take', () => {
  const broken = new Error('no vault');
  const breaks = (): never => {
    throw broken;
  };

  it.each<[string, Setup]>([
    ['unverifiable', { verify: breaks }],
    ['hookFailed', { onParse: breaks }],
  ])('is one error as %s, with the stack of the cause', async (reason, own) => {
    const { lines, stacks } = await logOf(goodMessage, own);
    expect(lines).toEqual([expect.stringContaining(`error Failed message (${reason}, source "hub"`)]);
    expect(stacks).toEqual([broken.stack]);
  });
});

describe('a message that ends as it should', () => {
  it('is a line for debugging where a hook skips it', async () => {
    const { lines } = await logOf('{"key":"pull"}', { onNoHandler: jest.fn<() => void>() });
    expect(lines).toEqual([
      expect.stringMatching(/^debug Skipped message \(noHandler, source "hub", key "pull"\): Nothing/),
    ]);
  });

  it('is not logged where it is handled', async () => {
    expect((await logOf(goodMessage)).lines).toEqual([]);
  });
});

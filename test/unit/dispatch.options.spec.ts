import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import {
  Command,
  CqrsModule,
  DispatchModule,
  RunMode,
  type DispatchOptions,
  type DispatchOptionsFactory,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start, startModules } from './dispatcher/application.js';
import { commandHandler } from './dispatcher/handlers.js';

class Ping extends Command<string> {}

/** Answers with its time limit, so that a test sees which options are in force. */
const pingHandler = commandHandler(Ping, (_ping, context) => `limit ${context.handler.timeoutMs}`);

/** Options as a program without types gives them. */
const untyped = (options: Record<string, unknown>): DispatchOptions => options;

describe('an option of DispatchModule', () => {
  it.each<[string, Record<string, unknown>]>([
    ['concurency', { concurency: 4 }],
    ['runMode', { runMode: 'fast' }],
    ['context', { context: 'implicit' }],
    ['timeoutMs', { timeoutMs: -1 }],
    ['timeoutMs', { timeoutMs: '5s' }],
    ['drainTimeoutMs', { drainTimeoutMs: Number.NaN }],
    ['drainTimeoutMs', { drainTimeoutMs: 2 ** 31 }],
    ['maxPayloadBytes', { maxPayloadBytes: 0 }],
    ['maxPayloadBytes', { maxPayloadBytes: 1.5 }],
    ['maxDepth', { maxDepth: 1001 }],
    ['logging', { logging: 'yes' }],
    ['decisionLog', { decisionLog: 'yes' }],
    ['logging', { logging: { level: 'info' } }],
    ['sources', { sources: {} }],
    ['hooks', { hooks: () => undefined }],
    ['commandPublisher', { commandPublisher: {} }],
    ['queryPublisher', { queryPublisher: () => undefined }],
    ['eventPublisher', { eventPublisher: { publishAll: () => undefined } }],
    ['unhandledExceptionPublisher', { unhandledExceptionPublisher: 'log' }],
  ])('is refused: %s in %j', async (name, options) => {
    const mistakes = await mistakesOf({ options: untyped(options) });
    expect(mistakes).toEqual([
      { rule: 'invalid-options', text: expect.stringContaining(`The option "${name}" of DispatchModule`) },
    ]);
  });

  it('is refused where it concerns notifications, with each problem', async () => {
    const mistakes = await mistakesOf({ options: { notifications: { capacity: 0, attemptCount: 0.5 } } });
    expect(mistakes).toEqual([
      { rule: 'invalid-options', text: expect.stringMatching(/"capacity" is 0.*"attemptCount" is 0.5/) },
    ]);
  });

  it('is refused together with all others', async () => {
    const mistakes = await mistakesOf({ options: untyped({ timeoutMs: -1, maxDepth: 0, unknown: 1 }) });
    expect(mistakes).toHaveLength(3);
  });

  it('is refused where it asks for a queue, naming the option to set', async () => {
    expect(await mistakesOf({ options: { runMode: RunMode.Async } })).toEqual([
      {
        rule: 'missing-queue',
        text: expect.stringMatching(/^DispatchModule asks for RunMode.Async.*the option "queue"/),
      },
    ]);
  });

  it.each<DispatchOptions>([
    { timeoutMs: 0, drainTimeoutMs: 0 },
    { timeoutMs: 2 ** 31 - 1, drainTimeoutMs: 2 ** 31 - 1 },
    { maxDepth: 1, maxPayloadBytes: 1 },
    { maxDepth: 1000, logging: false, runMode: RunMode.Sync, context: 'ambient' },
  ])('is taken at the ends of its range: %j', async (options) => {
    const { dispatcher } = await start({ options, providers: [pingHandler] });
    expect(await dispatcher.execute(new Ping())).toBe(`limit ${options.timeoutMs ?? 0}`);
  });
});

describe('DispatchModule.forRoot()', () => {
  it('may be imported any number of times where it has no options', async () => {
    const imports = [DispatchModule.forRoot(), DispatchModule.forRoot()];
    const { dispatcher } = await start({ options: { timeoutMs: 7 }, imports, providers: [pingHandler] });
    expect(await dispatcher.execute(new Ping())).toBe('limit 7');
  });

  it('is a mistake where it is imported twice with options', async () => {
    @Module({ imports: [DispatchModule.forRoot({ timeoutMs: 5 })] })
    class SalesModule {}
    expect(await mistakesOf({ options: { timeoutMs: 7 }, imports: [SalesModule] })).toEqual([
      { rule: 'duplicate-options', text: expect.stringContaining('imported 2 times') },
    ]);
  });

  it('is a mistake where it stands beside forRootAsync()', async () => {
    const imports = [DispatchModule.forRootAsync({ useFactory: () => ({ timeoutMs: 5 }) })];
    expect((await mistakesOf({ options: { timeoutMs: 7 }, imports })).map(({ rule }) => rule)).toEqual([
      'duplicate-options',
    ]);
  });

  it('is one with every forFeature() and every plain import beside it', async () => {
    @Module({ imports: [DispatchModule.forFeature(), DispatchModule], providers: [pingHandler] })
    class SalesModule {}
    const { dispatcher } = await start({
      options: { timeoutMs: 7 },
      imports: [SalesModule, DispatchModule.forFeature()],
    });
    expect(await dispatcher.execute(new Ping())).toBe('limit 7');
  });
});

describe('DispatchModule.forFeature()', () => {
  it('brings the defaults where nobody imports forRoot()', async () => {
    const { dispatcher } = await startModules({ imports: [DispatchModule.forFeature()], providers: [pingHandler] });
    expect(await dispatcher.execute(new Ping())).toBe('limit 0');
  });
});

describe('DispatchModule.forRootAsync()', () => {
  @Injectable()
  class Limits implements DispatchOptionsFactory {
    createDispatchOptions(): Promise<DispatchOptions> {
      return Promise.resolve({ timeoutMs: 11 });
    }
  }

  @Module({ providers: [Limits], exports: [Limits] })
  class LimitsModule {}

  const startWith = (options: Parameters<typeof DispatchModule.forRootAsync>[0]) =>
    startModules({ imports: [DispatchModule.forRootAsync(options)], providers: [pingHandler] });

  it('fails to start with what the factory throws', async () => {
    const failing = startWith({ useFactory: () => Promise.reject(new RangeError('no configuration')) });
    expect(await rejectionOf(failing)).toEqual(new RangeError('no configuration'));
  });

  it('refuses wrong options as forRoot() does', async () => {
    expect(await rejectionOf(startWith({ useFactory: () => ({ timeoutMs: -1 }) }))).toMatchObject({
      code: 'DISPATCH_WIRING',
      mistakes: [{ rule: 'invalid-options' }],
    });
  });

  it.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'undefined'],
    ['fast', 'a string'],
    [[], 'an array'],
    [Limits, 'the class Limits'],
  ])('refuses what its factory gives in the place of options: %p', async (given, shown) => {
    const text = `DispatchModule.forRootAsync() got ${shown} as options: return an object.`;
    const make = (): DispatchOptions => given as DispatchOptions;
    @Injectable()
    class Broken implements DispatchOptionsFactory {
      createDispatchOptions(): Promise<DispatchOptions> {
        return Promise.resolve(make());
      }
    }
    for (const options of [{ useFactory: make }, { useClass: Broken }]) {
      expect(await rejectionOf(startWith(options))).toMatchObject({ mistakes: [{ rule: 'invalid-options', text }] });
    }
    const cqrs = startModules({ imports: [CqrsModule.forRootAsync({ useFactory: make })] });
    expect(await rejectionOf(cqrs)).toMatchObject({ mistakes: [{ rule: 'invalid-options', text }] });
  });

  it.each<[string, Parameters<typeof DispatchModule.forRootAsync>[0], number]>([
    [
      'useFactory with inject',
      {
        imports: [LimitsModule],
        inject: [Limits],
        useFactory: async (limits: Limits) => {
          const { timeoutMs = 0 } = await limits.createDispatchOptions();
          return { timeoutMs: timeoutMs + 1 };
        },
      },
      12,
    ],
    ['useClass', { useClass: Limits }, 11],
    ['useExisting', { imports: [LimitsModule], useExisting: Limits }, 11],
    ['nothing', {}, 0],
  ])('makes the options by %s', async (_way, options, timeoutMs) => {
    const { dispatcher } = await startWith(options);
    expect(await dispatcher.execute(new Ping())).toBe(`limit ${timeoutMs}`);
  });
});

describe('two applications in one process', () => {
  it('have handlers and options of their own', async () => {
    const first = await start({ providers: [commandHandler(Ping, () => 'first')] });
    const second = await start({ options: { timeoutMs: 3 }, providers: [pingHandler] });
    expect(await first.dispatcher.execute(new Ping())).toBe('first');
    expect(await second.dispatcher.execute(new Ping())).toBe('limit 3');
  });
});

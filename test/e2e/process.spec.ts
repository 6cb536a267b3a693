import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { IsString } from 'class-validator';
import {
  CommandHandler,
  defineSource,
  EventsHandler,
  hasFields,
  Source,
  type HandlerContext,
  type MessageSource,
  type RoutedMessage,
  type View,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../unit/dispatcher/application.js';
import { deferred } from '../unit/dispatcher/deferred.js';

class Pushed {
  @IsString() readonly branch!: string;
}
class Deploy {}

const seen: string[] = [];

@EventsHandler(Pushed, { keys: ['hub/push'] })
class PushListener {
  handle({ branch }: Pushed) {
    seen.push(branch);
  }
}

@EventsHandler(Pushed)
class OtherPushListener {
  handle() {
    return undefined;
  }
}

@CommandHandler(Deploy)
class DeployHandler {
  async execute(_command: Deploy, { correlationId, causationId, headers }: HandlerContext) {
    return { correlationId, causationId, tenant: headers.tenant };
  }
}

const readHub = (view: View): RoutedMessage => {
  const { hub, body } = view.value as { hub: string; body: unknown };
  return { key: `hub/${hub}`, payload: body, id: 'm1', headers: { correlationId: 'c1', tenant: 'acme' } };
};
const hub = defineSource({ name: 'hub', match: hasFields('hub'), parse: readHub });
const message = (key: string, body: unknown) => JSON.stringify({ hub: key, body });

describe('an event that comes in through process()', () => {
  it('is refused as invalid where its payload breaks the rules of its class, and the next one is handled', async () => {
    const { dispatcher } = await start({ options: { sources: [hub] }, providers: [PushListener, OtherPushListener] });
    expect(await rejectionOf(dispatcher.process(message('push', { branch: 7 })))).toMatchObject({
      code: 'DISPATCH_INVALID_MESSAGE',
      violations: [{ path: 'branch' }],
    });
    await dispatcher.process(message('push', { branch: 'main' }));
    expect(seen).toEqual(['main']);
  });
});

describe('a function that handles a key', () => {
  it('sends with the correlation of the foreign message, through its context and through the dispatcher', async () => {
    const { dispatcher } = await start({ options: { sources: [hub] }, providers: [DeployHandler] });
    dispatcher.on('hub/deploy', async (_payload, { context }) => [
      await context.execute(new Deploy()),
      await dispatcher.execute(new Deploy()),
    ]);
    const { result } = await dispatcher.process(message('deploy', null));
    const expected = { correlationId: 'c1', causationId: 'm1', tenant: 'acme' };
    expect(result).toEqual([expected, expected]);
  });

  it('may still send while the application shuts down, which waits for it', async () => {
    const gate = deferred();
    const steps: string[] = [];
    const { app, dispatcher } = await start({ options: { sources: [hub] }, providers: [DeployHandler] });
    dispatcher.on('hub/deploy', async () => {
      await gate.promise;
      await dispatcher.execute(new Deploy());
      steps.push('handled');
    });
    const processed = dispatcher.process(message('deploy', null));
    await setImmediate();
    const closed = app.close().then(() => steps.push('closed'));
    gate.resolve();
    await Promise.all([processed, closed]);
    expect(steps).toEqual(['handled', 'closed']);
  });
});

describe('a source', () => {
  it('of a module that is loaded later recognises the very next message', async () => {
    @Source({ name: 'late', match: hasFields('late') })
    class LateSource implements MessageSource {
      parse(): RoutedMessage {
        return { key: 'Deploy', payload: {} };
      }
    }
    @Module({ providers: [LateSource, DeployHandler] })
    class LateModule {}
    const { app, dispatcher } = await start();
    await app.get(LazyModuleLoader).load(() => LateModule);
    expect(await dispatcher.process('{"late":1}')).toMatchObject({ outcome: 'handled', source: 'late' });
  });

  it('whose match throws does not keep another from recognising the message', async () => {
    const careless = defineSource({
      name: 'careless',
      match: (view) => (view.value as { shop: { id: number } }).shop.id === 1,
      parse: readHub,
    });
    const { dispatcher } = await start({ options: { sources: [careless, hub] }, providers: [PushListener] });
    expect(await dispatcher.process(message('push', { branch: 'dev' }))).toMatchObject({ source: 'hub' });
    expect(await rejectionOf(dispatcher.process('{"other":1}'))).toMatchObject({
      code: 'DISPATCH_UNREADABLE_MESSAGE',
      message: expect.stringContaining('"careless"'),
    });
  });
});

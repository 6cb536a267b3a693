import { describe, expect, it } from '@jest/globals';
import {
  Command,
  defineSource,
  FailureDecidedNotification,
  hasFields,
  MessageRoutedNotification,
} from 'nestjs-dispatch';

import { start } from '../../dispatcher/application.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { collect, startQueued, until } from '../queued-application.js';

class PlaceOrder extends Command {}

const failing = commandHandler(PlaceOrder, () => Promise.reject(new RangeError('never')));

describe('the decision about a message that was begun too often', () => {
  it('names the limit, where the policy would have it tried once more', async () => {
    const backend = new FakeBackend();
    const application = await startQueued({
      options: { queue: backend.factory, failurePolicy: () => ({ action: 'requeue' }) },
      providers: [failing],
    });
    const decided = collect(application, FailureDecidedNotification);
    await application.dispatcher.send(new PlaceOrder());
    const entry = backend.batches.flat().at(-1);
    expect(await backend.deliver({ ...entry, attempt: 99 })).toMatchObject({ action: 'retry' });
    expect(await backend.deliver({ ...entry, attempt: 100 })).toMatchObject({ action: 'park', place: 'failed' });
    await until('the notifications', () => decided.length === 2);
    expect(decided).toMatchObject([
      { attempt: 99, rule: 'policy function', action: { action: 'requeue' } },
      {
        attempt: 100,
        rule: 'the limit of 100 attempts, whatever else is said',
        action: { action: 'deadLetter', place: undefined },
      },
    ]);
  });
});

describe('the decision about a message of a delivery', () => {
  it('is that of its sending: where it is handled nothing is decided again', async () => {
    const backend = new FakeBackend();
    const application = await startQueued({ options: { queue: backend.factory }, providers: [failing] });
    const routed = collect(application, MessageRoutedNotification);
    await application.dispatcher.send(new PlaceOrder());
    const entry = backend.batches.flat().at(-1);
    await backend.deliver({ ...entry });
    await backend.deliver({ ...entry, attempt: 2 });
    await application.dispatcher.send(new PlaceOrder());
    await until('the notifications', () => routed.length === 2);
    expect(routed.map(({ handler }) => handler)).toEqual([failing.name, failing.name]);
  });
});

describe('the decision about a foreign message', () => {
  it('names the key of the function that handles it, which has no queue', async () => {
    const parse = () => ({ key: 'push', payload: {} });
    const sources = [defineSource({ name: 'hub', match: hasFields('id'), parse })];
    const application = await start({ options: { sources, decisionLog: true } });
    const { dispatcher, log } = application;
    const routed = collect(application, MessageRoutedNotification);
    dispatcher.on('push', () => 'done');
    await dispatcher.process('{"id":1}');
    await until('the notification', () => routed.length === 1);
    const runModeBecauseOf = 'the function that handles it, which has no queue';
    expect(routed).toMatchObject([{ messageName: 'push', handler: 'push', queue: undefined, runModeBecauseOf }]);
    expect(log.lines.at(-1)).toContain(`to push: RunMode.Sync (because of ${runModeBecauseOf})`);
  });
});

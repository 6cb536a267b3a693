import { setImmediate as turn } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventBus, QueueUnavailableError, UnhandledExceptionBus, type Dispatcher } from 'nestjs-dispatch';

import { Sold, startShop } from '../outbox/shop.js';
import { until } from '../queued-application.js';

const unhandled: unknown[] = [];
const keep = (error: unknown): void => void unhandled.push(error);

describe('an event whose queue does not take it, and whose publisher does not look', () => {
  beforeEach(() => {
    unhandled.length = 0;
    process.on('unhandledRejection', keep);
  });
  afterEach(() => void process.off('unhandledRejection', keep));

  it.each<[string, (dispatcher: Dispatcher, bus: EventBus) => unknown]>([
    ['Dispatcher#publish()', (dispatcher) => dispatcher.publish(new Sold('a'))],
    ['Dispatcher#publishAll()', (dispatcher) => dispatcher.publishAll([new Sold('a')])],
    ['EventBus#publish()', (_dispatcher, bus) => bus.publish(new Sold('a'))],
    ['EventBus#publishAll()', (_dispatcher, bus) => bus.publishAll([new Sold('a')])],
  ])('is reported, and does not end the process: %s', async (_name, publish) => {
    const { app, backend, dispatcher } = await startShop(false);
    const told: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe((info) => told.push(info));
    backend.onEnqueue = () => Promise.reject(new QueueUnavailableError('sending', 'a store', { mayBeStored: false }));
    void publish(dispatcher, app.get(EventBus));
    await until('it to be reported', () => told.length > 0);
    await turn();
    expect(unhandled).toEqual([]);
  });
});

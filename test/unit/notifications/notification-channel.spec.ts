import { AsyncLocalStorage } from 'node:async_hooks';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { firstValueFrom, Subject } from 'rxjs';

import { NotificationChannel } from '../../../lib/notifications/notification-channel.js';
import {
  DispatchNotification,
  NotificationsDroppedNotification,
  type NotificationClass,
} from '../../../lib/notifications/notification.js';
import { Fact, numbersOf, OtherFact, SpecialFact } from './facts.js';
import { RecordingLog } from './recording-log.js';
import { propertyRuns } from '../property-runs.js';

function makeChannel(capacity = 4) {
  const log = new RecordingLog();
  return { log, channel: new NotificationChannel({ capacity }, log) };
}

function collect(channel: NotificationChannel, ...types: NotificationClass[]) {
  const seen: DispatchNotification[] = [];
  const complete = jest.fn();
  const stop = channel.listen({ types, next: (notification) => seen.push(notification), complete });
  return { seen, complete, stop };
}

function publishFacts(channel: NotificationChannel, ...numbers: number[]) {
  for (const number of numbers) channel.publish(new Fact(number));
}

/** The fake clock puts what a timer schedules a millisecond later, a turn of the event loop included. */
const ONE_TURN_LATER_MS = 1;

const nextTurn = () => jest.advanceTimersByTimeAsync(0);

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('a full channel', () => {
  it('keeps what waits, drops the newest and takes the next ones after a turn', async () => {
    const { channel } = makeChannel(4);
    const { seen } = collect(channel, Fact);
    publishFacts(channel, 1, 2, 3, 4, 5, 6);
    await nextTurn();
    publishFacts(channel, 7);
    await nextTurn();
    expect(numbersOf(seen)).toEqual([1, 2, 3, 4, 7]);
    expect(channel.droppedCount).toBe(2);
  });

  it('delivers or counts every notification, whatever the bursts', async () => {
    const bursts = fc.array(fc.nat({ max: 12 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), bursts, async (capacity, sizes) => {
        const { channel } = makeChannel(capacity);
        const { seen } = collect(channel, Fact);
        for (const size of sizes) {
          for (let number = 0; number < size; number += 1) channel.publish(new Fact(number));
          await nextTurn();
        }
        const published = sizes.reduce((sum, size) => sum + size, 0);
        expect(seen.length + channel.droppedCount).toBe(published);
        expect(seen).toHaveLength(sizes.reduce((sum, size) => sum + Math.min(size, capacity), 0));
      }),
      propertyRuns(50),
    );
  });

  it('reports a burst of drops once, in the log and as a notification', async () => {
    const { channel, log } = makeChannel(4);
    const { seen } = collect(channel, NotificationsDroppedNotification);
    collect(channel, Fact);
    for (let number = 0; number < 5000; number += 1) channel.publish(new Fact(number));
    await jest.advanceTimersByTimeAsync(1000);
    expect(seen).toEqual([expect.objectContaining({ count: 4996, observer: undefined })]);
    expect(log.warnings).toEqual([expect.stringContaining('4996 notifications dropped')]);
  });

  it('reports drops that do not end once a second', async () => {
    const { channel, log } = makeChannel(1);
    collect(channel, Fact);
    for (let turn = 0; turn < 20; turn += 1) {
      publishFacts(channel, 1, 2);
      await jest.advanceTimersByTimeAsync(100);
    }
    expect(log.warnings).toEqual([
      expect.stringContaining('10 notifications'),
      expect.stringContaining('10 notifications'),
    ]);
  });
});

describe('a channel nobody listens to', () => {
  it('is inactive, wants nothing, keeps nothing and schedules nothing', () => {
    const { channel } = makeChannel();
    publishFacts(channel, 1);
    expect(channel.active).toBe(false);
    expect(channel.wants(Fact)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('wants a class only while somebody listens to it or to a base of it', () => {
    const { channel } = makeChannel();
    const special = collect(channel, SpecialFact);
    expect([channel.active, channel.wants(Fact), channel.wants(SpecialFact)]).toEqual([true, false, true]);
    const all = collect(channel, DispatchNotification);
    expect([channel.wants(Fact), channel.wants(OtherFact)]).toEqual([true, true]);
    all.stop();
    special.stop();
    expect([channel.active, channel.wants(SpecialFact)]).toEqual([false, false]);
  });

  it('stays active until the last of several listeners has left', () => {
    const { channel } = makeChannel();
    const first = collect(channel, Fact);
    const second = collect(channel, Fact);
    first.stop();
    first.stop();
    expect(channel.wants(Fact)).toBe(true);
    second.stop();
    expect(channel.active).toBe(false);
  });

  it('does not fill its room with classes nobody wants', async () => {
    const { channel } = makeChannel(2);
    const { seen } = collect(channel, Fact);
    for (let count = 0; count < 10; count += 1) channel.publish(new OtherFact());
    publishFacts(channel, 1, 2);
    await nextTurn();
    expect(numbersOf(seen)).toEqual([1, 2]);
    expect(channel.droppedCount).toBe(0);
  });
});

describe('delivery', () => {
  it('starts after the publishing turn, in order, to every listener', async () => {
    const { channel } = makeChannel();
    const first = collect(channel, Fact);
    const second = collect(channel, Fact, DispatchNotification);
    publishFacts(channel, 1, 2, 3);
    expect(first.seen).toEqual([]);
    await nextTurn();
    expect([numbersOf(first.seen), numbersOf(second.seen)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('leaves what a listener publishes to the next turn', async () => {
    const { channel } = makeChannel();
    const { seen } = collect(channel, Fact);
    const echo = (fact: DispatchNotification) => numbersOf([fact])[0] === 1 && publishFacts(channel, 2);
    channel.listen({ types: [Fact], next: echo, complete: () => undefined });
    publishFacts(channel, 1);
    jest.advanceTimersToNextTimer();
    expect(numbersOf(seen)).toEqual([1]);
    await jest.advanceTimersByTimeAsync(ONE_TURN_LATER_MS);
    expect(numbersOf(seen)).toEqual([1, 2]);
  });

  it('runs outside the async context of the publisher', async () => {
    const ambient = new AsyncLocalStorage<string>();
    const { channel } = makeChannel();
    const contexts: unknown[] = [];
    channel.listen({ types: [Fact], next: () => contexts.push(ambient.getStore()), complete: () => undefined });
    jest.useRealTimers();
    ambient.run('a message', () => publishFacts(channel, 1));
    await channel.flush(1000);
    expect(contexts).toEqual([undefined]);
  });

  it('records when a notification was made', () => {
    jest.setSystemTime(1234);
    expect(new Fact(1).at).toEqual(new Date(1234));
  });
});

describe('flush', () => {
  it('resolves with false when the time is up and a slow observer is not done', async () => {
    const { channel } = makeChannel();
    channel.observe({ name: 'Slow#on', types: [Fact], handle: () => new Promise(() => undefined) });
    publishFacts(channel, 1);
    const flushed = channel.flush(500);
    await jest.advanceTimersByTimeAsync(500);
    await expect(flushed).resolves.toBe(false);
  });

  it('waits for a slow observer and resolves with true as soon as it is done', async () => {
    const { channel } = makeChannel();
    const gate = new Subject<void>();
    channel.observe({ name: 'Slow#on', types: [Fact], handle: () => firstValueFrom(gate) });
    publishFacts(channel, 1);
    const flushed = channel.flush(10_000);
    await nextTurn();
    gate.next();
    await expect(flushed).resolves.toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('waits for the retries of an observer', async () => {
    const { channel } = makeChannel();
    const handle = jest.fn().mockImplementationOnce(() => Promise.reject(new Error('once')));
    channel.observe({ name: 'Weak#on', types: [Fact], handle });
    publishFacts(channel, 1);
    const flushed = channel.flush(10_000);
    await jest.advanceTimersByTimeAsync(2000);
    await expect(flushed).resolves.toBe(true);
    expect(handle).toHaveBeenCalledTimes(2);
  });

  it('delivers what waits, without the clock moving on', async () => {
    const { channel } = makeChannel();
    const { seen } = collect(channel, Fact);
    publishFacts(channel, 1, 2);
    const flushed = channel.flush(10_000);
    await nextTurn();
    await expect(flushed).resolves.toBe(true);
    expect(numbersOf(seen)).toEqual([1, 2]);
  });

  it('only tells whether anything is left when given no time', async () => {
    const { channel } = makeChannel();
    collect(channel, Fact);
    await expect(channel.flush(0)).resolves.toBe(true);
    publishFacts(channel, 1);
    await expect(channel.flush(0)).resolves.toBe(false);
  });

  it('reports drops at once', async () => {
    const { channel, log } = makeChannel(1);
    collect(channel, Fact);
    publishFacts(channel, 1, 2, 3);
    await expect(channel.flush(0)).resolves.toBe(false);
    expect(log.warnings).toEqual([expect.stringContaining('2 notifications dropped')]);
  });
});

describe('close', () => {
  it('counts and logs what was not delivered, completes the listeners and settles a flush', async () => {
    const { channel, log } = makeChannel();
    const { seen, complete } = collect(channel, Fact);
    publishFacts(channel, 1, 2);
    const flushed = channel.flush(10_000);
    channel.close();
    channel.close();
    await nextTurn();
    await expect(flushed).resolves.toBe(false);
    expect(seen).toEqual([]);
    expect(complete).toHaveBeenCalledTimes(1);
    expect(channel.droppedCount).toBe(2);
    expect(log.warnings).toEqual([expect.stringContaining('Closed with 2 notifications')]);
  });

  it('cancels retries and leaves no timer behind', async () => {
    const { channel, log } = makeChannel();
    const handle = jest.fn(() => Promise.reject(new Error('always')));
    channel.observe({ name: 'Weak#on', types: [Fact], handle });
    publishFacts(channel, 1);
    await nextTurn();
    channel.close();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(handle).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
    expect(log.warnings).toEqual([expect.stringContaining('Closed with 1 notifications')]);
  });

  it('ignores what is published afterwards and completes later listeners and observers at once', () => {
    const { channel } = makeChannel();
    channel.close();
    const { seen, complete } = collect(channel, Fact);
    channel.observe({ name: 'Late#on', types: [Fact], handle: () => undefined });
    publishFacts(channel, 1);
    expect([channel.active, seen.length, complete.mock.calls.length]).toEqual([false, 0, 1]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

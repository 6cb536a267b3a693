import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { NotificationChannel } from '../../../lib/notifications/notification-channel.js';
import {
  DispatchNotification,
  NotificationsDroppedNotification,
  ObserverFailedNotification,
} from '../../../lib/notifications/notification.js';
import { Fact, numbersOf, SpecialFact } from './facts.js';
import { RecordingLog } from './recording-log.js';

type Handle = (notification: DispatchNotification) => unknown;
type AsyncHandle = (notification: DispatchNotification) => Promise<void>;

function makeChannel(capacity = 16) {
  const log = new RecordingLog();
  const channel = new NotificationChannel({ capacity }, log);
  const observe = (name: string, handle: Handle, ...types: (typeof Fact)[]) =>
    channel.observe({ name, types: types.length === 0 ? [Fact] : types, handle });
  const publish = (...numbers: number[]) => numbers.forEach((number) => channel.publish(new Fact(number)));
  return { log, channel, observe, publish };
}

/** A handle that fails for the given numbers and records every attempt as `number@ms since the start`. */
function failingFor(...numbers: number[]) {
  const startedAt = Date.now();
  const attempts: string[] = [];
  const handle: Handle = async (fact) => {
    const [number = -1] = numbersOf([fact]);
    attempts.push(`${number}@${Date.now() - startedAt}`);
    if (numbers.includes(number)) throw new Error(`cannot take ${number}`);
  };
  return { attempts, handle };
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

describe('an observer that fails', () => {
  it('is tried three times, two seconds apart, and then logged with its class and method', async () => {
    const { log, observe, publish } = makeChannel();
    const { attempts, handle } = failingFor(1);
    observe('Audit#onFact', handle);
    publish(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(attempts).toEqual(['1@0', '1@2000', '1@4000']);
    expect(log.errors).toEqual([
      'Observer Audit#onFact failed for Fact and is not tried again (attempts: 3): cannot take 1',
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is retried alike when it throws in its own turn', async () => {
    const { log, observe, publish } = makeChannel();
    const handle = jest.fn<Handle>(() => AbortSignal.abort('no error object').throwIfAborted());
    observe('Audit#onFact', handle);
    publish(1);
    await jest.advanceTimersByTimeAsync(4000);
    expect(handle).toHaveBeenCalledTimes(3);
    expect(log.errors).toEqual([expect.stringContaining('no error object')]);
  });

  it('is not logged when a retry succeeds', async () => {
    const { log, observe, publish } = makeChannel();
    const handle = jest.fn<AsyncHandle>().mockRejectedValueOnce(new Error('once'));
    observe('Audit#onFact', handle);
    publish(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(handle).toHaveBeenCalledTimes(2);
    expect(log.errors).toEqual([]);
  });

  it('is given the next notifications while a retry waits', async () => {
    const { observe, publish } = makeChannel();
    const { attempts, handle } = failingFor(1);
    observe('Audit#onFact', handle);
    publish(1, 2);
    await nextTurn();
    publish(3);
    await jest.advanceTimersByTimeAsync(4000);
    expect(attempts).toEqual(['1@0', '2@0', '3@0', '1@2000', '1@4000']);
  });

  it('delays no other observer', async () => {
    const { observe, publish } = makeChannel();
    const bad = failingFor(1, 2);
    const good = failingFor();
    observe('Bad#on', bad.handle);
    observe('Good#on', good.handle);
    publish(1, 2);
    await nextTurn();
    expect(good.attempts).toEqual(['1@0', '2@0']);
  });

  it('is told of, once and for good, by a notification', async () => {
    const { channel, observe, publish } = makeChannel();
    const failures: DispatchNotification[] = [];
    channel.observe({
      name: 'Failures#on',
      types: [ObserverFailedNotification],
      handle: (failure) => failures.push(failure),
    });
    observe('Audit#onFact', failingFor(1).handle);
    publish(1);
    await jest.advanceTimersByTimeAsync(4000 + ONE_TURN_LATER_MS);
    expect(failures).toEqual([
      expect.objectContaining({
        observer: 'Audit#onFact',
        notification: expect.any(Fact),
        error: new Error('cannot take 1'),
        attemptCount: 3,
      }),
    ]);
  });

  it('ends in the log when it fails for failures of observers, itself included', async () => {
    const { channel, log, publish } = makeChannel();
    const handle = jest.fn<Handle>(() => Promise.reject(new Error('always')));
    channel.observe({ name: 'All#on', types: [DispatchNotification], handle });
    publish(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(handle).toHaveBeenCalledTimes(6);
    expect(log.errors).toEqual([
      expect.stringContaining('failed for Fact'),
      expect.stringContaining('failed for ObserverFailedNotification'),
    ]);
  });

  it('is not retried beyond the room for retries, and the rest is counted', async () => {
    const { channel, observe, publish } = makeChannel(2);
    const handle = jest.fn<Handle>(() => Promise.reject(new Error('always')));
    observe('Bad#on', handle);
    for (const numbers of [
      [1, 2],
      [3, 4],
      [5, 6],
    ]) {
      publish(...numbers);
      await nextTurn();
    }
    expect(handle).toHaveBeenCalledTimes(6);
    expect(channel.droppedCount).toBe(4);
    await jest.advanceTimersByTimeAsync(4000);
    expect(handle).toHaveBeenCalledTimes(6 + 4);
  });
});

describe('an observer that is slow', () => {
  it('runs with one notification at a time, in order, and delays no other observer', async () => {
    const { observe, publish } = makeChannel();
    const steps: string[] = [];
    const other: number[] = [];
    observe('Slow#on', async (fact) => {
      const [number] = numbersOf([fact]);
      steps.push(`start ${number}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      steps.push(`end ${number}`);
    });
    observe('Fast#on', (fact) => other.push(...numbersOf([fact])));
    publish(1, 2);
    await nextTurn();
    expect(other).toEqual([1, 2]);
    await jest.advanceTimersByTimeAsync(2000);
    expect(steps).toEqual(['start 1', 'end 1', 'start 2', 'end 2']);
  });

  it('loses what its queue has no room for, counted and reported with its name once per burst', async () => {
    const { channel, log, observe, publish } = makeChannel(3);
    const reports: DispatchNotification[] = [];
    channel.observe({
      name: 'Drops#on',
      types: [NotificationsDroppedNotification],
      handle: (report) => reports.push(report),
    });
    observe('Stuck#on', () => new Promise(() => undefined));
    for (let turn = 0; turn < 4; turn += 1) {
      publish(1, 2, 3);
      await nextTurn();
    }
    await jest.advanceTimersByTimeAsync(1000 + ONE_TURN_LATER_MS);
    // One runs, three wait, eight found no room.
    expect(channel.droppedCount).toBe(8);
    expect(reports).toEqual([expect.objectContaining({ count: 8, observer: 'Stuck#on' })]);
    expect(log.warnings).toEqual([expect.stringContaining('Stuck#on')]);
  });

  it('does not report for ever when it observes everything and is stuck', async () => {
    const { channel, log, publish } = makeChannel(1);
    channel.observe({ name: 'Stuck#on', types: [DispatchNotification], handle: () => new Promise(() => undefined) });
    for (let turn = 0; turn < 3; turn += 1) {
      publish(1);
      await nextTurn();
    }
    await jest.advanceTimersByTimeAsync(60_000);
    expect(log.warnings).toHaveLength(1);
  });
});

describe('an observer method', () => {
  it('is offered a notification once when it fits several of its classes', async () => {
    const { channel, observe } = makeChannel();
    const handle = jest.fn<Handle>();
    observe('Audit#on', handle, Fact, SpecialFact);
    channel.publish(new SpecialFact(1));
    await nextTurn();
    expect(handle).toHaveBeenCalledTimes(1);
  });

  it('forgets what waits when it is taken off, and the channel is inactive again', async () => {
    const { channel, observe, publish } = makeChannel();
    const handle = jest.fn<Handle>(() => Promise.reject(new Error('always')));
    const remove = observe('Audit#on', handle);
    publish(1);
    await nextTurn();
    const flushed = channel.flush(10_000);
    remove();
    await expect(flushed).resolves.toBe(true);
    publish(2);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(handle).toHaveBeenCalledTimes(1);
    expect([channel.active, jest.getTimerCount()]).toEqual([false, 0]);
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  config,
  finalize,
  firstValueFrom,
  lastValueFrom,
  map,
  mergeMap,
  Subject,
  Subscriber,
  take,
  toArray,
} from 'rxjs';

import { GuardedObservable } from '../../../../lib/message/observable/guarded-observable.js';

const report = jest.fn<(error: unknown) => void>();
const rethrown = jest.fn<(error: unknown) => void>();

function guardedSubject() {
  const subject = new Subject<number>();
  return { subject, stream: new GuardedObservable(subject, report) };
}

function fail(text: string): never {
  throw new Error(text);
}

/** An async callback, which the types of RxJS do not allow for. */
function rejecting(text: string, fallback = ''): (value?: number) => unknown {
  return async (value) => {
    await Promise.resolve();
    fail(`${text} ${value ?? fallback}`);
  };
}

/** What the report was given, as texts. */
const reported = () => report.mock.calls.map(([error]) => (error instanceof Error ? error.message : error));

beforeEach(() => {
  jest.useFakeTimers();
  // RxJS calls this, from a timer, in place of throwing an uncaught exception.
  config.onUnhandledError = rethrown;
});

afterEach(() => {
  jest.runAllTimers();
  jest.useRealTimers();
  config.onUnhandledError = null;
  const errors = rethrown.mock.calls.flat();
  jest.resetAllMocks();
  if (errors.length > 0) throw new AggregateError(errors, 'RxJS rethrew what a subscriber threw');
});

describe('a subscriber that throws', () => {
  it('is reported and stays subscribed when its next callback throws', () => {
    const { subject, stream } = guardedSubject();
    const seen: number[] = [];
    stream.subscribe((value) => (seen.push(value), fail(`at ${value}`)));
    subject.next(1);
    subject.next(2);
    expect(seen).toEqual([1, 2]);
    expect(reported()).toEqual(['at 1', 'at 2']);
  });

  it('does not keep values from subscribers before and after it', () => {
    const { subject, stream } = guardedSubject();
    const before: number[] = [];
    const after: number[] = [];
    stream.subscribe((value) => before.push(value));
    stream.subscribe(() => fail('between'));
    stream.subscribe((value) => after.push(value));
    subject.next(1);
    subject.next(2);
    expect([before, after]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('is reported when it throws behind operators', () => {
    const { subject, stream } = guardedSubject();
    const seen: number[] = [];
    stream
      .pipe(
        map((value) => value * 10),
        mergeMap((value) => [value, value + 1]),
      )
      .subscribe((value) => (seen.push(value), fail(`at ${value}`)));
    subject.next(1);
    subject.next(2);
    expect(seen).toEqual([10, 11, 20, 21]);
    expect(reported()).toEqual(['at 10', 'at 11', 'at 20', 'at 21']);
  });

  it('is reported when its error callback throws', () => {
    const { subject, stream } = guardedSubject();
    stream.subscribe({ error: () => fail('in error') });
    subject.error(new Error('end'));
    expect(reported()).toEqual(['in error']);
  });

  it('is reported when its complete callback throws, and others still complete', () => {
    const { subject, stream } = guardedSubject();
    const completed = jest.fn();
    stream.subscribe({ complete: () => fail('in complete') });
    stream.subscribe({ complete: completed });
    subject.complete();
    expect(reported()).toEqual(['in complete']);
    expect(completed).toHaveBeenCalledTimes(1);
  });

  it('is reported when an async next callback rejects', async () => {
    const { subject, stream } = guardedSubject();
    stream.subscribe(rejecting('later'));
    stream.pipe(map((value) => value)).subscribe({ next: rejecting('piped') });
    subject.next(1);
    subject.next(2);
    await jest.advanceTimersByTimeAsync(0);
    expect(new Set(reported())).toEqual(new Set(['later 1', 'later 2', 'piped 1', 'piped 2']));
  });

  it('is reported when an async complete callback rejects', async () => {
    const { subject, stream } = guardedSubject();
    stream.subscribe({ complete: rejecting('late', 'complete') });
    subject.complete();
    await jest.advanceTimersByTimeAsync(0);
    expect(reported()).toEqual(['late complete']);
  });

  it('is reported when it is a Subscriber with its own throwing next', () => {
    class Throwing extends Subscriber<number> {
      override next(): void {
        fail('own next');
      }
    }
    const { subject, stream } = guardedSubject();
    const seen: number[] = [];
    stream.subscribe(new Throwing());
    stream.subscribe((value) => seen.push(value));
    subject.next(1);
    subject.next(2);
    expect(seen).toEqual([1, 2]);
    expect(reported()).toEqual(['own next', 'own next']);
  });

  it('does not keep others from completing when its finalize callback throws', () => {
    const { subject, stream } = guardedSubject();
    const completed = jest.fn();
    stream.pipe(finalize(() => fail('in finalize'))).subscribe();
    stream.subscribe({ complete: completed });
    subject.complete();
    expect(completed).toHaveBeenCalledTimes(1);
    expect(reported()).toHaveLength(1);
  });
});

describe('an operator that throws', () => {
  it('is reported and ends its own subscription where there is no error callback', () => {
    const { subject, stream } = guardedSubject();
    const seen: number[] = [];
    const others: number[] = [];
    stream.pipe(map((value) => (value === 2 ? fail('in map') : value))).subscribe((value) => seen.push(value));
    stream.subscribe((value) => others.push(value));
    for (const value of [1, 2, 3]) subject.next(value);
    expect(seen).toEqual([1]);
    expect(others).toEqual([1, 2, 3]);
    expect(reported()).toEqual(['in map']);
  });

  it('goes to the error callback where there is one, and is not reported', () => {
    const { subject, stream } = guardedSubject();
    const error = jest.fn();
    stream.pipe(map(() => fail('in map'))).subscribe({ error });
    subject.next(1);
    expect(error).toHaveBeenCalledWith(new Error('in map'));
    expect(report).not.toHaveBeenCalled();
  });

  it('reports an error of the source where there is no error callback', () => {
    const { subject, stream } = guardedSubject();
    stream.subscribe();
    subject.error(new Error('of the source'));
    expect(reported()).toEqual(['of the source']);
  });
});

describe('otherwise it is an Observable', () => {
  it('stops delivery on unsubscribe, with and without operators', () => {
    const { subject, stream } = guardedSubject();
    const seen: number[] = [];
    const plain = stream.subscribe((value) => seen.push(value));
    const piped = stream.pipe(map((value) => -value)).subscribe((value) => seen.push(value));
    subject.next(1);
    plain.unsubscribe();
    piped.unsubscribe();
    subject.next(2);
    expect(seen).toEqual([1, -1]);
    expect(subject.observed).toBe(false);
  });

  it('leaves the source when take() has enough', () => {
    const { subject, stream } = guardedSubject();
    const seen: number[] = [];
    stream.pipe(take(2)).subscribe((value) => seen.push(value));
    for (const value of [1, 2, 3]) subject.next(value);
    expect(seen).toEqual([1, 2]);
    expect(subject.observed).toBe(false);
  });

  it('works with firstValueFrom and lastValueFrom', async () => {
    const { subject, stream } = guardedSubject();
    const first = firstValueFrom(stream);
    const all = lastValueFrom(stream.pipe(toArray()));
    subject.next(1);
    subject.next(2);
    subject.complete();
    await expect(first).resolves.toBe(1);
    await expect(all).resolves.toEqual([1, 2]);
  });

  it('rejects forEach when its callback throws, as RxJS says', async () => {
    const { subject, stream } = guardedSubject();
    const done = stream.forEach(() => fail('in forEach'));
    subject.next(1);
    await expect(done).rejects.toThrow('in forEach');
    expect(report).not.toHaveBeenCalled();
  });

  it('calls the callbacks of an observer as its methods', () => {
    const { subject, stream } = guardedSubject();
    const observer = {
      seen: new Array<unknown>(),
      next(value: number) {
        this.seen.push(value);
      },
      complete() {
        this.seen.push('done');
      },
    };
    stream.subscribe(observer);
    subject.next(1);
    subject.complete();
    expect(observer.seen).toEqual([1, 'done']);
  });

  it('takes separate callbacks, a Subject, and nothing', () => {
    const { subject, stream } = guardedSubject();
    const complete = jest.fn();
    const other = new Subject<number>();
    const seen: number[] = [];
    other.subscribe((value) => seen.push(value));
    stream.subscribe(null, null, complete);
    stream.subscribe(other);
    stream.subscribe();
    subject.next(7);
    subject.complete();
    expect(complete).toHaveBeenCalledTimes(1);
    expect(seen).toEqual([7]);
  });
});

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { DueTimer, now } from '../../../lib/common/due-timer.js';

describe('DueTimer', () => {
  let calls: number[];
  let timer: DueTimer;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
    calls = [];
    timer = new DueTimer(() => calls.push(now()));
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('calls once at the time it was set to last', () => {
    timer.set(1_000_500);
    timer.set(1_000_200);
    timer.set(1_000_200);
    jest.advanceTimersByTime(1000);
    expect(calls).toEqual([1_000_200]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('calls soon for a time that has passed, but not within the call that sets it', () => {
    timer.set(1);
    expect(calls).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(calls).toHaveLength(1);
  });

  it('can be set again from its own call, also to the same time', () => {
    const again = new DueTimer(() => {
      calls.push(now());
      if (calls.length < 3) again.set(1_000_100);
    });
    again.set(1_000_100);
    jest.advanceTimersByTime(500);
    expect(calls).toHaveLength(3);
  });

  it('never calls once it is cleared', () => {
    timer.set(1_000_100);
    timer.clear();
    jest.advanceTimersByTime(1000);
    expect(calls).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('never calls early, where the clock is set back meanwhile', () => {
    timer.set(1_000_100);
    jest.setSystemTime(999_900);
    jest.advanceTimersByTime(150);
    expect(calls).toEqual([]);
    jest.advanceTimersByTime(50);
    expect(calls).toEqual([1_000_100]);
  });
});

import { EventEmitter } from 'node:events';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { KeptConnection } from '../../../../lib/integrations/postgres/connection/kept-connection.js';

/** A connection that writes down how it was released. */
class FakeConnection extends EventEmitter {
  readonly releases: boolean[] = [];
  query = () => Promise.resolve({});
  release = (destroy: boolean) => void this.releases.push(destroy);
}

const setUp = (waitingCount = 0) => {
  const pool = { waitingCount };
  return { pool, kept: new KeptConnection(pool), connection: new FakeConnection() };
};

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('a connection that is kept', () => {
  it('is what the next one takes, and the one after that takes none', () => {
    const { kept, connection } = setUp();
    kept.put(connection);
    expect(kept.take()).toBe(connection);
    expect(kept.take()).toBeUndefined();
    expect(connection.releases).toEqual([]);
  });

  it('is listened to once, and no more once it is given back', () => {
    const { kept, connection } = setUp();
    for (let count = 0; count < 3; count += 1) {
      kept.put(connection);
      kept.take();
    }
    expect(connection.listenerCount('error')).toBe(1);
    kept.put(connection);
    kept.end();
    expect(connection.listenerCount('error')).toBe(0);
  });

  it('is given back after a second', () => {
    const { kept, connection } = setUp();
    kept.put(connection);
    jest.advanceTimersByTime(999);
    expect(connection.releases).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(connection.releases).toEqual([false]);
    expect(kept.take()).toBeUndefined();
  });

  it('is given back once a second also where it is never idle, and the next one is kept', () => {
    const { kept, connection } = setUp();
    kept.put(connection);
    kept.take();
    jest.advanceTimersByTime(1000);
    kept.put(connection);
    expect(connection.releases).toEqual([false]);
    kept.put(connection);
    expect(kept.take()).toBe(connection);
  });

  it('is given back at once where somebody waits for one', () => {
    const { pool, kept, connection } = setUp();
    pool.waitingCount = 1;
    kept.put(connection);
    expect(connection.releases).toEqual([false]);
    expect(kept.take()).toBeUndefined();
  });

  it('is one: the second is given back', () => {
    const { kept, connection } = setUp();
    const second = new FakeConnection();
    kept.put(connection);
    kept.put(second);
    expect([connection.releases, second.releases]).toEqual([[], [false]]);
  });

  it('is closed, and ends no process, where it breaks', () => {
    const { kept, connection } = setUp();
    kept.put(connection);
    connection.emit('error', new Error('broken'));
    expect(connection.releases).toEqual([true]);
    expect(kept.take()).toBeUndefined();
  });

  it('is left to its user where it breaks in use', () => {
    const { kept, connection } = setUp();
    kept.put(connection);
    kept.take();
    connection.emit('error', new Error('broken'));
    expect(connection.releases).toEqual([]);
    const other = new FakeConnection();
    kept.put(other);
    expect(kept.take()).toBe(other);
    expect(connection.listenerCount('error')).toBe(0);
  });

  it('is given back at the end, and so is whatever was in use then', () => {
    const { kept, connection } = setUp();
    const [second, third] = [new FakeConnection(), new FakeConnection()];
    kept.put(connection);
    kept.end();
    kept.put(second);
    kept.put(third);
    expect([connection, second, third].map(({ releases }) => releases)).toEqual([[false], [false], [false]]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

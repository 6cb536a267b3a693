import { describe, expect, it } from '@jest/globals';
import {
  EventsHandler,
  InSequence,
  Event,
  memorySequence,
  MessageOutOfSequenceNotification,
  type SequenceStore,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { collect, until } from '../../run-modes/queued-application.js';
import { MoveStock, startMoving } from './moving.js';

describe('a handler in sequence, in the turn of its caller', () => {
  it('handles messages in the order of their numbers, whatever order they come in, each stream by itself', async () => {
    const { seen, move } = await startMoving();
    const moved = [3, 5, 2, 4].map((version) => move('a', version));
    expect(await move('b', 1)).toBe('moved 1');
    expect(await move('a', 1)).toBe('moved 1');
    expect(await Promise.all(moved)).toEqual(['moved 3', 'moved 5', 'moved 2', 'moved 4']);
    expect(seen).toEqual(['b1', 'a1', 'a2', 'a3', 'a4', 'a5']);
  });

  it('handles one at a time: the next one waits for the end of the one before, and so does its double', async () => {
    const gate = deferred();
    const { seen, move } = await startMoving({}, () => gate.promise);
    const moved = [move('a', 1), move('a', 1), move('a', 2)];
    await until('the first to begin', () => seen.length === 1);
    gate.resolve();
    expect(await Promise.all(moved)).toEqual(['moved 1', undefined, 'moved 2']);
    expect(seen).toEqual(['a1', 'a2']);
  });

  it('discards a number that was handled, and tells of it', async () => {
    const application = await startMoving();
    const told = collect(application, MessageOutOfSequenceNotification);
    await application.move('a', 1);
    expect(await application.move('a', 1)).toBeUndefined();
    expect(application.seen).toEqual(['a1']);
    await until('the notification', () => told.length === 1);
    expect(told).toMatchObject([{ sequenceKey: 'a', sequence: 1, expected: 2, fate: 'late' }]);
  });

  it('keeps the place of a message that fails: the next one waits until it comes again', async () => {
    let isBroken = true;
    const { seen, move } = await startMoving({}, ({ version }) => {
      if (version === 1 && isBroken) throw new RangeError('broken');
    });
    const second = move('a', 2);
    expect(await rejectionOf(move('a', 1))).toMatchObject({ message: 'broken' });
    isBroken = false;
    expect(await move('a', 1)).toBe('moved 1');
    expect(await second).toBe('moved 2');
    expect(seen).toEqual(['a1', 'a1', 'a2']);
  });

  it('begins with the number that is said', async () => {
    const { move } = await startMoving({ first: 0 });
    const second = move('a', 1);
    expect(await move('a', 0)).toBe('moved 0');
    expect(await second).toBe('moved 1');
  });

  it('has one stream for all message classes of a handler', async () => {
    class Opened extends Event {
      readonly version = 1;
    }
    class Closed extends Event {
      readonly version = 2;
    }
    const seen: string[] = [];
    @InSequence({ key: () => 'shop', sequence: ({ version }: Opened | Closed) => version })
    @EventsHandler(Opened, Closed)
    class Shop {
      handle(event: object): void {
        seen.push(event.constructor.name);
      }
    }
    const { dispatcher } = await start({ providers: [Shop] });
    const closed = dispatcher.publishAndWait(new Closed());
    await dispatcher.publishAndWait(new Opened());
    await closed;
    expect(seen).toEqual(['Opened', 'Closed']);
  });
});

describe('a number that does not come', () => {
  it('is not one that is being handled, for longer than a gap may last', async () => {
    let end: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { seen, move } = await startMoving({ gapTimeoutMs: 5 }, ({ version }) => (version === 1 ? held : undefined));
    const [first, second] = [move('a', 1), move('a', 2)];
    await new Promise((resolve) => setTimeout(resolve, 30));
    end?.();
    expect(await Promise.all([first, second])).toEqual(['moved 1', 'moved 2']);
    expect(seen).toEqual(['a1', 'a2']);
  });

  it('fails those that wait for it when its time is over, and no earlier one is left out when it comes', async () => {
    const { seen, move } = await startMoving({ gapTimeoutMs: 20 });
    const errors = await Promise.all([3, 2].map((version) => rejectionOf(move('a', version))));
    expect(errors).toMatchObject([
      { code: 'DISPATCH_SEQUENCE_GAP', expected: 1, reason: 'late', call: { key: 'a', sequence: 3 } },
      { code: 'DISPATCH_SEQUENCE_GAP', expected: 1, reason: 'late', call: { key: 'a', sequence: 2 } },
    ]);
    expect([await move('a', 1), await move('a', 2)]).toEqual(['moved 1', 'moved 2']);
    expect(seen).toEqual(['a1', 'a2']);
  });

  it('is left out where that is asked for: those that wait go on in order, and it is late when it comes', async () => {
    const application = await startMoving({ gapTimeoutMs: 20, whenGap: 'skip' });
    const told = collect(application, MessageOutOfSequenceNotification);
    const { seen, move } = application;
    expect(await Promise.all([6, 3, 4].map((version) => move('a', version)))).toEqual([
      'moved 6',
      'moved 3',
      'moved 4',
    ]);
    expect(await move('a', 2)).toBeUndefined();
    expect(seen).toEqual(['a3', 'a4', 'a6']);
    await until('the notifications', () => told.length === 3);
    expect(told.map(({ expected, fate }) => `${expected} ${fate}`)).toEqual(['1 gap', '5 gap', '7 late']);
  });

  it('counts as overdue for one more than may wait, which fails, and those that wait go on waiting', async () => {
    const { move } = await startMoving({ maxHeld: 2 });
    const held = [2, 3].map((version) => move('a', version));
    expect(await rejectionOf(move('a', 4))).toMatchObject({ code: 'DISPATCH_SEQUENCE_GAP', reason: 'full' });
    await move('a', 1);
    expect(await Promise.all(held)).toEqual(['moved 2', 'moved 3']);
  });

  it('is left out for one more than may wait, where that is asked for', async () => {
    const { move } = await startMoving({ maxHeld: 2, whenGap: 'skip' });
    const moved = await Promise.all([2, 3, 4].map((version) => move('a', version)));
    expect(moved).toEqual(['moved 2', 'moved 3', 'moved 4']);
  });

  it('does not hold back a caller who gives up, nor the application that closes', async () => {
    const { app, dispatcher } = await startMoving({}, undefined, { options: { drainTimeoutMs: 0 } });
    const giving = new AbortController();
    const given = rejectionOf(dispatcher.execute(new MoveStock('a', 2), { signal: giving.signal }));
    const shut = rejectionOf(dispatcher.execute(new MoveStock('a', 3)));
    giving.abort(new RangeError('enough'));
    expect(await given).toMatchObject({ message: 'enough' });
    await app.close();
    expect(await shut).toMatchObject({ code: 'DISPATCH_SHUTDOWN' });
  });
});

describe('a message that cannot be put in sequence', () => {
  it.each<[string, object]>([
    ['its number is 1.5, not a whole number', { sequence: () => 1.5 }],
    ['its number is undefined, not a whole number', { sequence: () => undefined }],
    ['its key is a text of 0 characters', { key: () => '' }],
    ['its key is a number, not a text', { key: () => 7 }],
  ])('fails: %s', async (text, options) => {
    const { seen, move } = await startMoving(options);
    const error = { code: 'DISPATCH_INVALID_SEQUENCE', message: expect.stringContaining(text) as unknown };
    expect(await rejectionOf(move('a', 1))).toMatchObject(error);
    expect(seen).toEqual([]);
  });
});

describe('the store of a handler in sequence', () => {
  it('fails a message where it fails itself; what was handled then comes again', async () => {
    const memory = memorySequence();
    let failing: keyof SequenceStore | undefined = 'arrive';
    const check = (name: keyof SequenceStore): void => {
      if (failing === name) throw new RangeError('no line');
    };
    const store: SequenceStore = {
      isShared: false,
      arrive: async (...args) => (check('arrive'), memory.arrive(...args)),
      advance: async (...args) => (check('advance'), memory.advance(...args)),
    };
    const { seen, move } = await startMoving({}, undefined, { options: { sequence: { store } } });
    expect(await rejectionOf(move('a', 1))).toMatchObject({ code: 'DISPATCH_SEQUENCE_UNAVAILABLE' });
    failing = 'advance';
    expect(await rejectionOf(move('a', 1))).toMatchObject({ cause: { message: 'no line' } });
    failing = undefined;
    expect([await move('a', 1), await move('a', 2)]).toEqual(['moved 1', 'moved 2']);
    expect(seen).toEqual(['a1', 'a1', 'a2']);
  });

  it('in memory forgets the stream that rested longest', async () => {
    const store = memorySequence({ maxStreams: 2 });
    const { move } = await startMoving({}, undefined, { options: { sequence: { store } } });
    for (const sku of ['a', 'b', 'a', 'c']) await move(sku, 1);
    expect(await move('a', 2)).toBe('moved 2');
    expect(await move('b', 1)).toBe('moved 1');
  });

  it.each<[unknown, string]>([
    [{ maxStreams: 0 }, 'has maxStreams 0, not a whole number from 1'],
    [{ streams: 1 }, 'has the unknown option "streams"'],
    [null, 'has null as its options: give an object'],
  ])('in memory refuses the options %j', (options, text) => {
    expect(() => memorySequence(options as object)).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_SEQUENCE_OPTIONS',
        message: expect.stringContaining(text) as unknown,
      }),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import {
  DisallowReplay,
  inMemoryEventStore,
  MemoryTransaction,
  On,
  Projection,
  ProjectionStartedNotification,
  ProjectionProgressNotification,
  Transactions,
  type EventStore,
  type ProjectionContext,
} from 'nestjs-dispatch';

import { rejectionOf } from '../dispatcher/application.js';
import { deferred } from '../dispatcher/deferred.js';
import { Closed, LineAdded, Placed } from '../event-store/shop.js';
import { collect } from '../run-modes/queued-application.js';
import { fill, Ledger, startProjected, until } from './ledger.js';

const ANY_TRANSACTION: unknown = expect.any(MemoryTransaction);

describe.each([
  ['with transactions', true],
  ['without transactions', false],
])('a projection that runs behind, %s', (_what, isTransactional) => {
  it('writes what there is and what comes, in order, each once', async () => {
    const store = inMemoryEventStore();
    await fill(store, 7);
    const { ledger, append, projections } = await startProjected({
      store,
      isTransactional,
      projection: { batchSize: 3 },
    });
    const position = await append('order-0', new Placed('ada'), new Closed());
    await projections.whenCaughtUp('ledger', position);
    expect(ledger.entries['blue']).toEqual([
      ...Array.from({ length: 7 }, (_, index) => `order-0 ${index + 1} ${index}`),
      'order-0 8 ada',
    ]);
    expect(ledger.told).toEqual(['prepare blue']);
  });

  it('goes on behind its checkpoint after a restart', async () => {
    const first = await startProjected({ isTransactional });
    await first.projections.whenCaughtUp('ledger', await first.append('order-1', new LineAdded(1)));
    await first.app.close();
    const { ledger, checkpoints, store } = first;
    const second = await startProjected({ isTransactional, ledger, checkpoints, store });
    await second.projections.whenCaughtUp('ledger', await second.append('order-1', new LineAdded(2)));
    expect(ledger.entries['blue']).toEqual(['order-1 1 1', 'order-1 2 2']);
    expect(ledger.told).toEqual(['prepare blue']);
  });

  it('hands its methods where the event was recorded, and what to write with', async () => {
    const ledger = new Ledger();
    const contexts: ProjectionContext[] = [];
    const used: unknown = isTransactional ? ANY_TRANSACTION : undefined;
    const scope = { client: used, transaction: used };
    ledger.onEvent = (_event, context) => contexts.push(context);
    const { append, projections } = await startProjected({ ledger, isTransactional });
    await projections.whenCaughtUp('ledger', await append('order-1', new Placed('ada')));
    expect(contexts).toEqual([
      {
        projection: 'ledger',
        target: 'blue',
        replay: false,
        stream: 'order-1',
        version: 1,
        position: 1,
        id: expect.any(String),
        name: 'shop.placed',
        schemaVersion: 1,
        metadata: { correlationId: expect.any(String) },
        recordedAt: expect.any(Date),
        ...scope,
        signal: expect.any(AbortSignal),
      },
    ]);
  });

  it('ends between two batches when the application closes, and loses nothing', async () => {
    const store = inMemoryEventStore();
    await fill(store, 4);
    const [begun, free] = [deferred(), deferred()];
    const ledger = new Ledger();
    ledger.onEvent = async (event) => {
      if ((event as LineAdded).quantity !== 1) return;
      begun.resolve();
      await free.promise;
    };
    const first = await startProjected({ store, ledger, isTransactional, projection: { batchSize: 2 } });
    await begun.promise;
    const closed = first.app.close();
    free.resolve();
    await closed;
    expect(ledger.entries['blue']).toEqual(['order-0 1 0', 'order-0 2 1']);
    const { checkpoints } = first;
    const second = await startProjected({ store, ledger, checkpoints, isTransactional });
    await second.projections.whenCaughtUp('ledger', 4);
    expect(ledger.entries['blue']).toHaveLength(4);
  });

  it('aborts the signal of a method that does not end in time, and closes', async () => {
    const ledger = new Ledger();
    const begun = deferred();
    ledger.onEvent = (_event, { signal }) => {
      begun.resolve();
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('told to end'))),
      );
    };
    const { app, append, checkpoints } = await startProjected({
      ledger,
      isTransactional,
      options: { drainTimeoutMs: 50 },
    });
    await append('order-1', new LineAdded(1));
    await begun.promise;
    await app.close();
    expect(ledger.entries['blue']).toEqual([]);
    expect(await checkpoints.targets('ledger')).toMatchObject([{ position: 0, stopReason: undefined, isOwned: false }]);
  });
});

describe('a projection that runs behind', () => {
  it('tells when it starts, and how far it is', async () => {
    const { app, append, projections, dispatcher, log } = await startProjected({});
    const told = collect({ app, dispatcher, log }, ProjectionStartedNotification, ProjectionProgressNotification);
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    await until('the progress', () => told.length > 0);
    expect(told.at(-1)).toMatchObject({ projection: 'ledger', target: 'blue', position: 1, lastPosition: 1, lag: 0 });
  });

  it('outlives a store that cannot be read for a while', async () => {
    const store = inMemoryEventStore();
    let failCount = 3;
    const shaky: EventStore = Object.assign(Object.create(store) as EventStore, {
      readAllPage: (query: Parameters<EventStore['readAllPage']>[0]) =>
        failCount-- > 0 ? Promise.reject(new Error('away')) : store.readAllPage(query),
    });
    const { append, projections, log } = await startProjected({ store: shaky });
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)), { timeoutMs: 20_000 });
    expect(log.lines.filter((line) => line.startsWith('warn') && line.includes('away')).length).toBeGreaterThan(0);
  });

  it('gives events without a method of their own to when()', async () => {
    const seen: string[] = [];
    @Projection('rest', { events: [Closed] })
    class Rest {
      @On(Placed)
      placed() {
        seen.push('placed');
      }

      when(event: object) {
        seen.push(event.constructor.name);
      }
    }
    const { append, projections } = await startProjected({ providers: [Rest] });
    await projections.whenCaughtUp('rest', await append('order-1', new Placed('ada'), new LineAdded(1), new Closed()));
    expect(seen).toEqual(['placed', 'Closed']);
  });

  it('handles events again after a reset, but for methods that disallow it', async () => {
    const seen: string[] = [];
    @Projection('mails')
    class Mails {
      @On(Placed)
      @DisallowReplay()
      placed({ customer }: Placed) {
        seen.push(`mail to ${customer}`);
      }

      @On(LineAdded)
      added({ quantity }: LineAdded, { replay }: ProjectionContext) {
        seen.push(`${quantity} ${replay}`);
      }
    }
    const { append, projections } = await startProjected({ providers: [Mails] });
    await projections.whenCaughtUp('mails', await append('order-1', new Placed('ada'), new LineAdded(1)));
    expect(await projections.reset('mails')).toBe(true);
    const position = await append('order-1', new Placed('bob'), new LineAdded(2));
    await projections.whenCaughtUp('mails', position);
    expect(seen).toEqual(['mail to ada', '1 false', '1 true', 'mail to bob', '2 false']);
  });

  it('is not run by a process that only sends', async () => {
    process.env['DISPATCH_ROLE'] = 'send';
    try {
      const { append, projections } = await startProjected({});
      const position = await append('order-1', new LineAdded(1));
      expect(await rejectionOf(projections.whenCaughtUp('ledger', position, { timeoutMs: 30 }))).toMatchObject({
        code: 'DISPATCH_PROJECTION_BEHIND',
        position: 0,
        expectedPosition: 1,
      });
    } finally {
      delete process.env['DISPATCH_ROLE'];
    }
  });

  it('is reset outside of the transaction of whoever asks for it', async () => {
    const { app, append, projections, ledger } = await startProjected({});
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    const failing = app.get(Transactions).run(async () => {
      await projections.reset('ledger');
      throw new Error('rolled back');
    });
    expect(await rejectionOf(failing)).toMatchObject({ message: 'rolled back' });
    await projections.whenCaughtUp('ledger', 1);
    expect(ledger.told).toEqual(['prepare blue', 'prepare blue']);
    expect(ledger.entries['blue']).toEqual(['order-1 1 1']);
  });
});

describe('waiting for a projection', () => {
  it('ends with the reason of its signal', async () => {
    const { projections } = await startProjected({});
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await rejectionOf(projections.whenCaughtUp('ledger', 9, { signal }))).toMatchObject({ message: 'enough' });
    const later = new AbortController();
    const waiting = projections.whenCaughtUp('ledger', 9, { signal: later.signal });
    later.abort(new Error('enough of it'));
    expect(await rejectionOf(waiting)).toMatchObject({ message: 'enough of it' });
  });

  it('is refused for a name that nobody has', async () => {
    const { projections } = await startProjected({});
    expect(await rejectionOf(projections.whenCaughtUp('nobody', 1))).toMatchObject({
      code: 'DISPATCH_UNKNOWN_PROJECTION',
      message: expect.stringContaining('ledger'),
    });
  });
});

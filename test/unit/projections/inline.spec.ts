import { describe, expect, it } from '@jest/globals';
import { On, Projection, Transactions, type MemoryTransaction, type ProjectionContext } from 'nestjs-dispatch';

import { rejectionOf } from '../dispatcher/application.js';
import { Closed, LineAdded, Placed } from '../event-store/shop.js';
import { Ledger, startProjected } from './ledger.js';

const inline = { mode: 'inline' } as const;

describe('an inline projection', () => {
  it('is written when the append is done, event by event, with what was recorded', async () => {
    const ledger = new Ledger();
    const positions: number[] = [];
    ledger.onEvent = (_event, { position, replay }) => positions.push(replay ? -1 : position);
    const { append, projections } = await startProjected({ ledger, projection: inline });
    await append('order-1', new Placed('ada'), new Closed(), new LineAdded(1));
    await append('order-1', new Closed());
    expect(ledger.entries['blue']).toEqual(['order-1 1 ada', 'order-1 3 1']);
    expect(positions).toEqual([1, 3]);
    expect(await projections.list()).toMatchObject([{ name: 'ledger', state: 'inline', lag: 0, isHealthy: true }]);
  });

  it('fails the append with it, says at which event, and writes the next one', async () => {
    const ledger = new Ledger();
    ledger.onEvent = (event) => {
      if (event instanceof Placed) throw new Error('no room');
    };
    const { append, events } = await startProjected({ ledger, projection: inline });
    expect(await rejectionOf(append('order-1', new LineAdded(1), new Placed('ada')))).toMatchObject({
      code: 'DISPATCH_INLINE_PROJECTION_FAILED',
      projection: 'ledger',
      stream: 'order-1',
      version: 2,
      cause: { message: 'no room' },
    });
    expect([ledger.entries['blue'], await events.stream('order-1')]).toEqual([[], undefined]);
    await append('order-2', new LineAdded(2));
    expect(ledger.entries['blue']).toEqual(['order-2 1 2']);
  });

  it('is part of the transaction that the caller is in, and of one that it hands over', async () => {
    const { app, events, ledger } = await startProjected({ projection: inline });
    const failing = app.get<Transactions<MemoryTransaction>>(Transactions).run(async ({ handle }) => {
      const options = { expectedVersion: 'any', transaction: handle } as const;
      await events.append('order-1', [new LineAdded(1)], options);
      throw new Error('rolled back');
    });
    expect(await rejectionOf(failing)).toMatchObject({ message: 'rolled back' });
    expect(ledger.entries['blue']).toEqual([]);
  });

  it('is not called for an append that is refused', async () => {
    const { events, ledger } = await startProjected({ projection: inline });
    const late = events.append('order-1', [new LineAdded(1)], { expectedVersion: 4 });
    expect(await rejectionOf(late)).toMatchObject({ code: 'DISPATCH_CONCURRENCY' });
    expect(ledger.entries['blue']).toEqual([]);
  });

  it('names the inner projection where one that appends fails', async () => {
    @Projection('outer', inline)
    class Outer {
      @On(Closed)
      async closed(_event: Closed, context: ProjectionContext) {
        await append(`${context.stream}-2`, new Placed('ada'));
      }
    }
    const ledger = new Ledger();
    ledger.onEvent = () => {
      throw new Error('no room');
    };
    const { append } = await startProjected({ ledger, projection: inline, providers: [Outer] });
    expect(await rejectionOf(append('order-1', new Closed()))).toMatchObject({ projection: 'ledger' });
  });

  it('has no checkpoint, so that what needs one is refused', async () => {
    const { projections } = await startProjected({ projection: inline });
    const code = 'DISPATCH_INLINE_PROJECTION';
    expect(await rejectionOf(projections.rebuild('ledger'))).toMatchObject({ code });
    expect(await rejectionOf(projections.reset('ledger'))).toMatchObject({ code });
    expect(await rejectionOf(projections.resume('ledger'))).toMatchObject({ code });
    expect(await rejectionOf(projections.whenCaughtUp('ledger', 1))).toMatchObject({ code });
  });
});

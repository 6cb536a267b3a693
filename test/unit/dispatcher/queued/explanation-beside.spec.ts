import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Command,
  Event,
  inMemoryQueue,
  inMemoryTransactions,
  ofType,
  Query,
  RunMode,
  Saga,
  type OutboxOptions,
} from 'nestjs-dispatch';
import { map, take, type Observable } from 'rxjs';

import { start } from '../application.js';
import { commandHandler, eventHandler, queryHandler } from '../handlers.js';

class Pay extends Command {}
class Audit extends Command {}
class GetTotal extends Query<number> {}
class Paid extends Event {}
class Unheard extends Event {}

const OUTBOX = '\n    where it is sent in a transaction: through the outbox, after the commit';

@Injectable()
class Shipping {
  @Saga()
  ship(events$: Observable<object>): Observable<Pay> {
    return events$.pipe(
      ofType(Unheard),
      take(1),
      map(() => new Audit()),
    );
  }

  @Saga()
  bill(events$: Observable<object>): Observable<Pay> {
    return events$.pipe(
      ofType(Paid),
      map(() => new Audit()),
    );
  }
}

async function startExplained(outbox: boolean | OutboxOptions) {
  const { dispatcher } = await start({
    options: {
      runMode: RunMode.Async,
      queue: inMemoryQueue(),
      transactions: { scope: inMemoryTransactions() },
      outbox,
      routes: [
        { messages: [Audit], outbox: false },
        // A mistake where there is no outbox.
        ...(outbox === false ? [] : [{ messages: [Paid], outbox: true }]),
      ],
    },
    providers: [
      Shipping,
      commandHandler(Pay, () => undefined),
      commandHandler(Audit, () => undefined),
      queryHandler(GetTotal, () => 7),
      eventHandler(Paid, () => undefined, { name: 'Mailer' }),
      eventHandler(Paid, () => undefined, { name: 'Ledger', runMode: RunMode.Sync }),
    ],
  });
  return dispatcher;
}

describe('explain(), of the outbox', () => {
  it.each<[string, boolean | OutboxOptions, object[]]>([
    ['no message where there is none', false, []],
    ['all but queries, unless their route says no', true, [Pay, Paid]],
    ['those whose routes say so, with messages: routed', { messages: 'routed' }, [Paid]],
  ])('names %s', async (_what, outbox, expected) => {
    const dispatcher = await startExplained(outbox);
    const all = [Pay, Audit, GetTotal, Paid];
    expect(all.filter((type) => dispatcher.explain(type).handlers[0]?.outbox === true)).toEqual(expected);
    expect(all.filter((type) => String(dispatcher.explain(type)).includes(OUTBOX))).toEqual(expected);
  });

  it('does not name it for what runs in the turn of the caller, by the handler or by the call', async () => {
    const dispatcher = await startExplained(true);
    expect(dispatcher.explain(Paid).handlers).toMatchObject([
      { handler: 'Mailer', outbox: true },
      { handler: 'Ledger' },
    ]);
    expect(dispatcher.explain(Paid).handlers[1]).not.toHaveProperty('outbox');
    expect(dispatcher.explain(Pay, { runMode: RunMode.Sync }).handlers[0]).not.toHaveProperty('outbox');
  });
});

describe('explain(), of sagas', () => {
  it('names those that see an event, also where nobody handles it, and none for a command or a query', async () => {
    const dispatcher = await startExplained(false);
    const sagas = ['Shipping.ship', 'Shipping.bill'];
    expect(dispatcher.explain(Paid).sagas).toEqual(sagas);
    expect([dispatcher.explain(Pay).sagas, dispatcher.explain(GetTotal).sagas]).toEqual([[], []]);
    const lines = sagas.map((saga) => `  ${saga}: a saga, which sees every event that this process publishes`);
    expect(String(dispatcher.explain(Unheard))).toBe(['event "Unheard": nobody handles it', ...lines].join('\n'));
  });

  it('leaves out one that has ended', async () => {
    const dispatcher = await startExplained(false);
    await dispatcher.publish(new Unheard());
    expect(dispatcher.explain(Paid).sagas).toEqual(['Shipping.bill']);
  });
});

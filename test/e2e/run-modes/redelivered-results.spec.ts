import { describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  Idempotent,
  Message,
  MessageDuplicateNotification,
  Notifications,
  Transactional,
  Transactions,
  type DispatchOptions,
  type QueueBackend,
  type QueueBackendFactory,
} from 'nestjs-dispatch';
import {
  postgresIdempotency,
  postgresInbox,
  postgresTransactions,
  type PostgresTransactionClient,
} from 'nestjs-dispatch/postgres';

import { freshSchema, SHARED } from '../../integration/postgres/fresh-schema.js';
import { QUEUED_MODES, startIn, type Mode } from './modes.js';

@Message('parcels.weigh')
class Weigh extends Command<string> {
  constructor(readonly schema: string) {
    super();
  }
}

@Injectable()
class Scales {
  constructor(private readonly transactions: Transactions<PostgresTransactionClient>) {}

  async weigh(schema: string): Promise<string> {
    await this.transactions.client.query(`INSERT INTO "${schema}".weighings DEFAULT VALUES`);
    return '7 kg';
  }
}

@Transactional()
@CommandHandler(Weigh)
class WeighHandler {
  constructor(private readonly scales: Scales) {}

  execute({ schema }: Weigh): Promise<string> {
    return this.scales.weigh(schema);
  }
}

@Idempotent()
@Transactional()
@CommandHandler(Weigh)
class WeighOnceHandler {
  constructor(private readonly scales: Scales) {}

  execute({ schema }: Weigh): Promise<string> {
    return this.scales.weigh(schema);
  }
}

/** The same backend, which delivers again what was handled first, as where a process ends between the commit and the answer. */
function deliveringAgain({ name, create }: QueueBackendFactory): QueueBackendFactory {
  return {
    name,
    create(host) {
      const backend = create(host);
      const { consume } = backend;
      let isFirst = true;
      const twice: QueueBackend['consume'] = (settings, handle) =>
        consume.call(backend, settings, async (delivery) => {
          const settlement = await handle(delivery);
          if (!isFirst) return settlement;
          isFirst = false;
          return { action: 'giveBack' };
        });
      return Object.assign(backend, { consume: twice });
    },
  };
}

async function startWeighing(mode: Mode & { readonly queue: () => QueueBackendFactory }, handler: Type<object>) {
  const { schema, pool } = freshSchema();
  await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".weighings (at timestamptz DEFAULT now())`);
  const tables = { connection: SHARED, schema, migrate: true };
  const options: DispatchOptions = {
    transactions: { scope: postgresTransactions({ connection: SHARED }), inbox: { store: postgresInbox(tables) } },
    idempotency: { store: postgresIdempotency({ ...tables, inTransactions: true }) },
  };
  const again = { ...mode, queue: () => deliveringAgain(mode.queue()) };
  const { app, dispatcher } = await startIn(again, { providers: [Scales, handler], options });
  const duplicates: string[] = [];
  const told = app.get(Notifications).ofType(MessageDuplicateNotification);
  told.subscribe(({ context }) => duplicates.push(context.id));
  const count = async () => (await pool.query(`SELECT FROM "${schema}".weighings`)).rowCount;
  return { dispatcher, schema, count, duplicates };
}

describe.each(QUEUED_MODES)('a command delivered again after its commit and before its answer, $name', (mode) => {
  it('gets its caller the first result where its handler is idempotent beside the inbox', async () => {
    const { dispatcher, schema, count, duplicates } = await startWeighing(mode, WeighOnceHandler);
    expect(await dispatcher.execute(new Weigh(schema), { id: 'm-1' })).toBe('7 kg');
    expect([await count(), duplicates]).toEqual([1, []]);
  });

  it('gets its caller no result where there is only the inbox, which keeps none', async () => {
    const { dispatcher, schema, count, duplicates } = await startWeighing(mode, WeighHandler);
    expect(await dispatcher.execute(new Weigh(schema), { id: 'm-1' })).toBeUndefined();
    expect([await count(), duplicates]).toEqual([1, ['m-1']]);
  });
});

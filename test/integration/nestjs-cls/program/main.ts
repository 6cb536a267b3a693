import 'reflect-metadata';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClsPluginTransactional, TransactionHost } from '@nestjs-cls/transactional';
import knex, { type Knex } from 'knex';
import { ClsModule } from 'nestjs-cls';

import {
  Dispatcher,
  DispatchModule,
  inMemoryQueue,
  Transactions,
  type DispatchOptions,
} from '../../../../lib/index.js';
import { clsTransactions, knexQueries } from '../../../../lib/integrations/nestjs-cls/index.js';
import { postgresInbox } from '../../../../lib/integrations/postgres/index.js';
import {
  Notes,
  NoteTaken,
  QueuedNote,
  QueuedNoteHandler,
  TakeNote,
  TakeNoteHandler,
  Told,
  type Adapter,
} from './notes.js';

const [, , connection = '', schema = ''] = process.argv;
Notes.table = `${schema}.notes`;
const client = knex({ client: 'pg', connection, pool: { min: 0, max: 4 } });
const adapter: Adapter = {
  connection: client,
  optionsFactory: (connected) => ({
    wrapWithTransaction: (options, work, setTx) =>
      connected.transaction((tx) => {
        setTx(tx);
        return work();
      }, options),
    getFallbackInstance: () => connected,
  }),
};

@Module({
  imports: [
    ClsModule.forRoot({ global: true, plugins: [new ClsPluginTransactional({ adapter })] }),
    DispatchModule.forRootAsync({
      inject: [TransactionHost],
      useFactory: (host: TransactionHost<Adapter>): DispatchOptions => ({
        queue: inMemoryQueue(),
        queues: { each: { other: {} } },
        transactions: {
          scope: clsTransactions({ host, queries: knexQueries }),
          inbox: { store: postgresInbox({ connection, schema, migrate: true }) },
        },
      }),
    }),
  ],
  providers: [Notes, TakeNoteHandler, QueuedNoteHandler, Told],
})
class NotesModule {}

const app = await NestFactory.createApplicationContext(NotesModule, { logger: ['warn', 'error'] });
const dispatcher = app.get(Dispatcher);
const notes = app.get(Notes);
const told = app.get(Told);
const transactions = app.get<Transactions<Knex>>(Transactions);

const SCENES: Readonly<Record<string, () => Promise<unknown>>> = {
  rolledBack: () => errorOf(dispatcher.execute(new TakeNote('lost', () => Promise.reject(new RangeError('no'))))),
  committed: () =>
    dispatcher.execute(
      new TakeNote('outer', async (context) => {
        await context.execute(new TakeNote('inner'));
        await context.publish(new NoteTaken());
        const { rows } = await transactions.client.raw('SHOW transaction_isolation');
        return { rows, told: told.count };
      }),
    ),
  toldAfterwards: async () => told.count,
  inbox: async () => [
    await dispatcher.execute(new QueuedNote('once'), { id: 'm-1' }),
    (await dispatcher.execute(new QueuedNote('twice'), { id: 'm-1', queue: 'other' })) ?? 'a duplicate',
  ],
  statement: () => transactions.run(({ handle }) => statement(handle)),
  outside: async () => transactions.current === undefined,
  foreignRolledBack: () =>
    errorOf(
      notes.within(async () => {
        await dispatcher.execute(new TakeNote('foreign, lost'));
        throw new RangeError('no');
      }),
    ),
  foreignCommitted: () => notes.within(() => dispatcher.execute(new TakeNote('foreign'))),
  foreignHook: () =>
    notes.within(async () => {
      const before = told.count;
      await dispatcher.publish(new NoteTaken());
      const hook = errorOf((async () => transactions.current?.afterCommit(() => undefined))());
      return { isForeign: transactions.current?.isForeign, hook: await hook, told: told.count - before };
    }),
  texts: async () => (await client(Notes.table).select('text').orderBy('text')).map(({ text }) => text),
};

const results: Record<string, unknown> = {};
for (const [name, scene] of Object.entries(SCENES)) results[name] = await scene();
process.stdout.write(`${JSON.stringify(results)}\n`);
await app.close();
await client.destroy();

async function statement(handle: unknown): Promise<unknown> {
  // What stores on Postgres are given.
  const { query } = handle as { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> };
  const text = `SELECT $2::text AS b, $1::int AS a, $2::text AS c, '{"k":1}'::jsonb ? 'k' AS d, $3::text[] AS e,
    encode($4::bytea, 'hex') AS f, $5::text AS g`;
  return (await query(text, [1, 'x?', ['y', 'z'], Buffer.from([0, 1]), undefined])).rows;
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  const [end] = await Promise.allSettled([work]);
  if (end.status === 'fulfilled') return 'fulfilled';
  return Object(end.reason).code ?? Object(end.reason).message;
}

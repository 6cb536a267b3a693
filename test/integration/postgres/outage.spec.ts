import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { postgresIdempotency, type PostgresStoreOptions } from '../../../lib/integrations/postgres/index.js';
import { listening } from '../../services/free-port.js';
import { startPostgres, type PostgresServer } from '../../services/postgres.js';
import { rejectionOf } from '../../unit/dispatcher/application.js';
import { ChargeCard, startCharging } from '../../unit/pipeline/idempotency/charging.js';
import { duration } from '../bullmq/instance.js';
import { FreezableLink } from '../freezable-link.js';

let postgres: PostgresServer;

beforeEach(async () => {
  postgres = await startPostgres({ durable: true });
});

afterEach(() => postgres.stop());

function startWith(options: PostgresStoreOptions) {
  const store = postgresIdempotency({ connection: postgres.url, migrate: true, ...options });
  return startCharging({}, { options: { idempotency: { store } } });
}

describe('a Postgres that restarts', () => {
  it('in the middle of a call takes its result, and gives it to the next', async () => {
    const { dispatcher, begun, runs } = await startWith({ commandTimeoutMs: 20_000 });
    const first = dispatcher.execute(new ChargeCard('7'));
    const { end } = await begun(0);
    const restarting = postgres.restart();
    end.resolve('paid');
    await restarting;
    expect(await first).toBe('paid');
    expect(await dispatcher.execute(new ChargeCard('7'))).toBe('paid');
    expect(runs).toHaveLength(1);
  });
});

describe('a Postgres that is away', () => {
  it('when the application starts stops the start', async () => {
    await postgres.kill('SIGQUIT');
    const starting = startWith({ commandTimeoutMs: 200 });
    expect(await rejectionOf(starting)).toMatchObject({ code: 'DISPATCH_POSTGRES_UNAVAILABLE', timeoutMs: 200 });
  });

  it('when the application starts is waited for by messages where that is asked for', async () => {
    await postgres.kill('SIGQUIT');
    const { dispatcher, begun } = await startWith({ commandTimeoutMs: 300, atBoot: 'wait' });
    expect(await rejectionOf(dispatcher.execute(new ChargeCard('7')))).toMatchObject({
      code: 'DISPATCH_IDEMPOTENCY_UNAVAILABLE',
      cause: { code: 'DISPATCH_POSTGRES_UNAVAILABLE' },
    });
    await postgres.restart();
    const paid = dispatcher.execute(new ChargeCard('7'));
    (await begun(0)).end.resolve('paid');
    expect(await paid).toBe('paid');
  });

  it('without breaking a connection fails a message in time, and does not keep the application from closing', async () => {
    const link = new FreezableLink(postgres.port);
    const connection = `postgres://postgres@127.0.0.1:${await listening(link.server)}/postgres`;
    const { app, dispatcher } = await startWith({ connection, commandTimeoutMs: 300 });
    link.freeze();
    const failing = dispatcher.execute(new ChargeCard('7'));
    expect(await duration(failing)).toBeLessThan(2000);
    await expect(failing).rejects.toMatchObject({ code: 'DISPATCH_IDEMPOTENCY_UNAVAILABLE' });
    expect(await duration(app.close())).toBeLessThan(5000);
    link.close();
  });
});

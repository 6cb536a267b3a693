import { describe, expect, it } from '@jest/globals';
import { memorySequence, Queues, type SequenceStore } from 'nestjs-dispatch';
import { postgresSequence } from 'nestjs-dispatch/postgres';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { movingHandler, MoveStock, type Handle } from '../../unit/pipeline/sequence/moving.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { newQueue, QUEUED_MODES, SHARED_MODES, startIn, type Mode } from './modes.js';

type Options = Parameters<typeof movingHandler>[0];

interface Setup {
  readonly options?: Options;
  readonly handle?: Handle;
  readonly queue?: string;
  readonly store?: SequenceStore;
}

async function startMoving(mode: Mode, { options, handle, queue, store }: Setup = {}) {
  const { handler, seen } = movingHandler(options, handle);
  const application = await startIn(mode, {
    providers: [handler],
    settings: { concurrency: 3, maxAttempts: 2, backoffMs: 1 },
    options: { sequence: { store: store ?? memorySequence() } },
    ...(queue !== undefined && { queue }),
  });
  const move = (version: number, sku = 'a') => application.dispatcher.execute(new MoveStock(sku, version));
  return { ...application, seen, move };
}

describe.each(QUEUED_MODES)('numbered messages through $name', (mode) => {
  it('are handled in order whatever order they come in, and waiting counts no attempt', async () => {
    const attempts: number[] = [];
    const handle: Handle = (_message, { attempt }) => void attempts.push(attempt);
    const { seen, move } = await startMoving(mode, { handle });
    const moved = [5, 2, 4, 3].map((version) => move(version));
    await move(1, 'b');
    await Promise.all([...moved, move(1)]);
    expect(seen.filter((each) => each.startsWith('a'))).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('are not overtaken by the next one while they are tried again', async () => {
    const handle: Handle = ({ version }, { attempt }) => {
      if (version === 1 && attempt === 1) throw new RangeError('once');
    };
    const { seen, move } = await startMoving(mode, { handle });
    expect(await Promise.all([move(2), move(1)])).toEqual(['moved 2', 'moved 1']);
    expect(seen).toEqual(['a1', 'a1', 'a2']);
  });

  it('are discarded where their number was handled, and parked where one before them does not come', async () => {
    const { app, seen, move, queue = '' } = await startMoving(mode, { options: { gapTimeoutMs: 50 } });
    expect(await move(1)).toBe('moved 1');
    expect(await move(1)).toBeUndefined();
    expect(await rejectionOf(move(3))).toMatchObject({ code: 'DISPATCH_SEQUENCE_GAP' });
    expect((await app.get(Queues).counts(queue)).parked.failed).toBe(1);
    expect(await move(2)).toBe('moved 2');
    expect(seen).toEqual(['a1', 'a2']);
  });

  it('go on without one that does not come where that is asked for', async () => {
    const { seen, move } = await startMoving(mode, { options: { gapTimeoutMs: 50, whenGap: 'skip' } });
    await Promise.all([move(4), move(2)]);
    expect(seen).toEqual(['a2', 'a4']);
  });

  it('have one that is missing overdue at once where too many lie between', async () => {
    const { move } = await startMoving(mode, { options: { maxHeld: 10 } });
    expect(await rejectionOf(move(12))).toMatchObject({ code: 'DISPATCH_SEQUENCE_GAP' });
  });
});

describe.each(SHARED_MODES)('numbered messages through $name, for two applications', (mode) => {
  it('are handled in order with a store on Postgres, and none is lost when one of them closes', async () => {
    const [queue, connection] = [newQueue(), process.env['TEST_POSTGRES_URL'] ?? ''];
    const start = () =>
      startMoving(mode, { queue, store: postgresSequence({ connection, schema: 'test_modes_order', migrate: true }) });
    const [one, other] = [await start(), await start()];
    const sku = queue;
    const held = [4, 3, 2].map((version) => one.dispatcher.send(new MoveStock(sku, version)));
    const receipts = await Promise.all(held);
    await until('all to be taken', async () => (await one.app.get(Queues).counts(queue)).waiting === 0);
    await other.app.close();
    await one.move(1, sku);
    for (const receipt of receipts) await receipt.result({ timeoutMs: 30_000 });
    expect([...one.seen, ...other.seen]).toEqual([1, 2, 3, 4].map((version) => `${sku}${version}`));
    expect(one.log.lines.filter((line) => line.includes('within this process only'))).toEqual([]);
  });
});

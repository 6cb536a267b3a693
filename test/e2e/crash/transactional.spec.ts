import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { sharedStore, STORES, type StoreKind } from '../../processes/stores.js';
import { Write } from './scene/messages.js';
import type { Scene } from './scene/scene.js';
import { Stage } from './scene/stage.js';

const stage = Stage.build();
const made: { readonly scope: string; readonly pool: pg.Pool }[] = [];

afterEach(async () => {
  for (const { scope, pool } of made.splice(0)) {
    await pool.query(`DROP SCHEMA "${scope}" CASCADE`);
    await pool.end();
  }
});

/** Workers with a table that transactional handlers write to, and an inbox beside it. */
async function open(kind: StoreKind, workerCount: number) {
  const effects = sharedStore('postgres');
  const { scope } = effects;
  const pool = new pg.Pool({ connectionString: effects.url, max: 1 });
  made.push({ scope, pool });
  await pool.query(`CREATE SCHEMA "${scope}"; CREATE TABLE "${scope}".effects (id text NOT NULL)`);
  const scene = await stage.open(kind, { workerCount, queue: { lanes: 0 }, effects });
  const rows = async () => (await pool.query<{ id: string }>(`SELECT id FROM "${scope}".effects ORDER BY id`)).rows;
  return { scene, ids: async () => (await rows()).map(({ id }) => id) };
}

/** Kills the worker that has a message in hand, once the journal says this of it. */
async function kill(scene: Scene, event: 'started' | 'done', id: string): Promise<void> {
  const found = scene.processOf(await scene.seen(event, id));
  await scene.addWorker();
  await found.endBy('SIGKILL');
}

describe.each(STORES)('a worker of a queue on %s that is killed', (kind) => {
  it('before it commits has written nothing, and another one handles the message', async () => {
    const { scene, ids } = await open(kind, 1);
    const receipt = await scene.dispatcher.send(new Write({ kind: 'gate', gate: 'go' }, 'beforeCommit'), { id: 'm' });
    const { by } = await scene.seen('started', 'm');
    await kill(scene, 'started', 'm');
    expect(await ids()).toEqual([]);
    scene.openGate('go');
    expect((await receipt.result({ timeoutMs: 30_000 })).by).not.toBe(by);
    expect(await ids()).toEqual(['m']);
  });

  it('after it has committed, before the queue hears of it, has the message handled once', async () => {
    const { scene, ids } = await open(kind, 1);
    const receipt = await scene.dispatcher.send(new Write({ kind: 'gate', gate: 'never' }, 'afterCommit'), { id: 'm' });
    await kill(scene, 'done', 'm');
    // The inbox keeps that it was handled, and not what came of it.
    expect(await receipt.result({ timeoutMs: 30_000 })).toBeUndefined();
    expect([await ids(), scene.journal.of('started').length]).toEqual([['m'], 1]);
  });

  it('again and again, with messages at every point, loses none and doubles none', async () => {
    const { scene, ids } = await open(kind, 2);
    const sent = Array.from({ length: 60 }, (_, index) => `m-${String(index).padStart(2, '0')}`);
    const phases = ['beforeCommit', 'afterCommit'] as const;
    const receipts = await Promise.all(
      sent.map((id, index) =>
        scene.dispatcher.send(new Write({ kind: 'work', ms: 15 }, phases[index % 2] ?? 'afterCommit'), { id }),
      ),
    );
    for (const id of ['m-05', 'm-20', 'm-35']) await kill(scene, 'started', id);
    await Promise.all(receipts.map((receipt) => receipt.result({ timeoutMs: 60_000 })));
    expect(await ids()).toEqual(sent);
  });
});

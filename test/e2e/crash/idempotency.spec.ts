import { describe, expect, it } from '@jest/globals';

import { ApplyOnce } from './scene/messages.js';
import { CALL_LOCK_MS } from './scene/scene.js';
import { Stage } from './scene/stage.js';
import { STORES } from '../../processes/stores.js';

const stage = Stage.build();

describe.each(STORES)('a worker that is killed while it runs an idempotent call, with all stores on %s', (kind) => {
  it('leaves the call to the one that waits for it, within twice the lock time, and its own message gets the result', async () => {
    // One message at a time in each worker, so that the second one comes to the other worker.
    const scene = await stage.open(kind, { workerCount: 1, queue: { concurrency: 1, lanes: 0 } });
    const gate = new ApplyOnce('charge', { kind: 'gate', gate: 'never' });
    const first = await scene.dispatcher.send(gate, { id: 'first' });
    const killed = scene.processOf(await scene.seen('started', 'first'));
    const other = await scene.addWorker();
    const work = new ApplyOnce('charge', { kind: 'work', ms: 1 });
    const second = await scene.dispatcher.send(work, { id: 'second' });
    expect(await scene.seen('asked', 'second')).toMatchObject({ by: other.name });
    const killedAt = Date.now();
    await killed.endBy('SIGKILL');

    const { at, by } = await scene.seen('started', 'second');
    expect(by).toBe(other.name);
    expect(at).toBeGreaterThanOrEqual(killedAt);
    expect(at - killedAt).toBeLessThan(2 * CALL_LOCK_MS);
    const applied = { by: other.name, attempt: 1 };
    expect(await second.result({ timeoutMs: 30_000 })).toEqual(applied);
    expect(await first.result({ timeoutMs: 30_000 })).toEqual(applied);
    expect(scene.journal.of('started').map(({ id }) => id)).toEqual(['first', 'second']);
  });
});

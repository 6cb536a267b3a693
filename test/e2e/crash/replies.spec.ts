import { describe, expect, it } from '@jest/globals';

import { Apply } from './scene/messages.js';
import { Stage } from './scene/stage.js';
import { STORES } from '../../processes/stores.js';
import { until } from '../../processes/until.js';

const stage = Stage.build();

describe.each(STORES)('a result on %s', (kind) => {
  it('reaches its caller though the worker that began was killed', async () => {
    const scene = await stage.open(kind, { workerCount: 1 });
    const result = scene.dispatcher.execute(new Apply(1, { kind: 'gate', gate: 'held' }), { id: 'asked' });
    const killed = scene.processOf(await scene.seen('started', 'asked'));
    await killed.endBy('SIGKILL');
    scene.openGate('held');
    const other = await scene.addWorker();
    expect(await result).toEqual({ by: other.name, attempt: 2 });
  });

  it('is found by its receipt in another process when its caller was killed', async () => {
    const scene = await stage.open(kind, { workerCount: 1 });
    const caller = await scene.addCaller('caller');
    const { detail: receiptId = '' } = await scene.seen('enqueued', 'caller');
    await scene.seen('started', 'caller');
    await caller.endBy('SIGKILL');
    scene.openGate('caller');
    expect(await scene.dispatcher.receipt(receiptId).result()).toEqual({ by: 'worker-1', attempt: 1 });
    expect(await scene.dispatcher.execute(new Apply(1, { kind: 'work', ms: 1 }))).toEqual({
      by: 'worker-1',
      attempt: 1,
    });
  });

  it('reaches its caller, or is made again, though the worker ends about when it has it', async () => {
    const scene = await stage.open(kind, { workerCount: 2 });
    let answered = 0;
    const results = [0, 1, 2, 4].map(async (afterMs) => {
      await scene.dispatcher.execute(new Apply(1, { kind: 'vanish', afterMs }), { id: `vanish-${afterMs}` });
      answered += 1;
    });
    await until('all are answered', async () => {
      await scene.replaceEnded();
      return answered === results.length;
    });
    await Promise.all(results);
    const attempts = scene.journal.of('done').map(({ attempt = 0 }) => attempt);
    expect(Math.max(...attempts)).toBeLessThanOrEqual(4);
  });
});

import { describe, expect, it } from '@jest/globals';

import { KEYS, SLOTS_PER_WORKER } from './scene/scene.js';
import { Stage } from './scene/stage.js';
import { STORES } from '../../processes/stores.js';

const stage = Stage.build();

describe.each(STORES)('a worker on %s that is stopped for longer than it holds its messages', (kind) => {
  it('is relieved of them, learns that when it goes on, and disturbs nothing', async () => {
    const scene = await stage.open(kind, { workerCount: 1 });
    const { load } = scene;
    const free = await load.one({ kind: 'abort' });
    const keyed = await load.one({ kind: 'abort' }, 'key0');
    const stopped = scene.processOf(await scene.seen('started', 'free-1'));
    await scene.seen('started', 'key0-1');
    stopped.signal('SIGSTOP');
    const other = await scene.addWorker();
    await Promise.all([load.free(100, { kind: 'work', ms: 10 }), load.keyed(KEYS, 10, { kind: 'work', ms: 5 })]);
    const relieved = { by: other.name, attempt: 2 };
    expect(await Promise.all([free.result(), keyed.result()])).toEqual([relieved, relieved]);

    stopped.signal('SIGCONT');
    const aborted = await Promise.all([scene.seen('aborted', 'free-1'), scene.seen('aborted', 'key0-1')]);
    expect(aborted.map(({ by, detail }) => [by, detail])).toEqual([
      [stopped.name, 'DISPATCH_LOCK_LOST'],
      [stopped.name, 'DISPATCH_LOCK_LOST'],
    ]);
    await load.free(20, { kind: 'work', ms: 10 });
    await other.endBy('SIGTERM');
    await Promise.all([load.free(20, { kind: 'work', ms: 10 }), load.keyed(KEYS, 2, { kind: 'work', ms: 5 })]);

    const findings = await scene.findings();
    expect(findings.problems({ by: [stopped.name], redeliveries: SLOTS_PER_WORKER, effects: 0 })).toEqual([]);
    expect(await Promise.all([free.result(), keyed.result()])).toEqual([relieved, relieved]);
  });
});

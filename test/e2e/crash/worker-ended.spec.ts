import { describe, expect, it } from '@jest/globals';

import { KEYS } from './scene/scene.js';
import { Stage } from './scene/stage.js';
import { STORES } from '../../processes/stores.js';

const stage = Stage.build();

describe.each(STORES)('a worker on %s that is told to end by SIGTERM under load', (kind) => {
  it('ends what it can, gives the rest back uncounted, and repeats no effect', async () => {
    const scene = await stage.open(kind, { workerCount: 1 });
    const { load } = scene;
    const free = await load.one({ kind: 'gate', gate: 'held' });
    const keyed = await load.one({ kind: 'gate', gate: 'held' }, 'key0');
    const ended = scene.processOf(await scene.seen('started', 'free-1'));
    await scene.seen('started', 'key0-1');
    await scene.addWorker();
    load.begin(KEYS);
    await scene.busyProcessOf('free-1');
    await ended.endBy('SIGTERM');
    const aborted = await Promise.all([scene.seen('aborted', 'free-1'), scene.seen('aborted', 'key0-1')]);
    expect(aborted.map(({ detail }) => detail)).toEqual(['DISPATCH_SHUTDOWN', 'DISPATCH_SHUTDOWN']);
    expect(ended.end).toBe('SIGTERM');
    scene.openGate('held');
    await scene.loadGoesOn();

    const again = { by: 'worker-2', attempt: 1 };
    expect(await Promise.all([free.result(), keyed.result()])).toEqual([again, again]);
    const findings = await scene.findings();
    expect(findings.problems({ by: [ended.name], redeliveries: 2, effects: 0 })).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';

import { KEYS, SLOTS_PER_WORKER } from './scene/scene.js';
import { Stage } from './scene/stage.js';
import { STORES } from '../../processes/stores.js';

const stage = Stage.build();

describe.each(STORES)('two workers on %s that are killed under load', (kind) => {
  it('lose no message, repeat only what they had in hand, and keep the order of keys', async () => {
    const scene = await stage.open(kind, { workerCount: 3, failPercent: 5 });
    const { load } = scene;
    await load.one({ kind: 'gate', gate: 'first' });
    load.begin(KEYS);
    const first = await scene.busyProcessOf('free-1');
    await first.endBy('SIGKILL');
    await scene.addWorker();
    await scene.loadGoesOn();

    const keyed = await load.one({ kind: 'gate', gate: 'second' }, 'key0');
    await load.keyed(['key0'], 5, { kind: 'work', ms: 5 });
    const second = scene.processOf(await scene.seen('started', keyed.messageId));
    await second.endBy('SIGKILL');
    scene.openGate('first');
    scene.openGate('second');
    await scene.addWorker();

    const findings = await scene.findings();
    const limit = 2 * SLOTS_PER_WORKER;
    const by = [first.name, second.name];
    expect(findings.problems({ by, redeliveries: limit, effects: limit })).toEqual([]);
    expect(findings.redelivered).toEqual(expect.arrayContaining(['free-1', keyed.messageId]));
  });
});

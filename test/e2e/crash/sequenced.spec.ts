import { describe, expect, it } from '@jest/globals';

import { disorderIn } from '../../processes/order.js';
import { STORES } from '../../processes/stores.js';
import { until } from '../../processes/until.js';
import { QUEUE } from './scene/application.js';
import { Stage } from './scene/stage.js';

/** Each ends a process, whose lock has to end, and one to start. */
const DEATHS_MS = 45_000;

const stage = Stage.build();

describe.each(STORES)('a parked key of a sequenced queue on %s whose workers are killed', (kind) => {
  it('is replayed in its order, and nothing of it is lost', async () => {
    const scene = await stage.open(kind, { workerCount: 2, queue: { sequenced: true } });
    const { load, letters } = scene;
    await load.one({ kind: 'refuse', gate: 'mended' }, 'key0');
    // They end their processes after their effect, at moments about when the next one is called.
    for (const afterMs of [0, 2, 5]) await load.one({ kind: 'vanish', afterMs }, 'key0');
    await load.one({ kind: 'gate', gate: 'fifth' }, 'key0');
    await load.keyed(['key0'], 2, { kind: 'work', ms: 5 });
    await load.keyed(['key1'], 2, { kind: 'work', ms: 5 });
    await until('the key is parked', async () => Object.keys(await scene.parked()).length === 7);

    scene.openGate('mended');
    const report = await letters.replay({ queue: QUEUE, key: 'key0' });
    expect(report).toMatchObject({ matched: 7, replayed: 1, following: 6, failed: 0 });
    const comesTo = async (event: 'started' | 'done', id: string): Promise<boolean> => {
      await scene.replaceEnded();
      return scene.journal.of(event).some((line) => line.id === id);
    };
    await until('the fifth has begun', () => comesTo('started', 'key0-5'), DEATHS_MS);
    await scene.processOf(await scene.seen('started', 'key0-5')).endBy('SIGKILL');
    await load.one({ kind: 'work', ms: 5 }, 'key0');
    scene.openGate('fifth');
    await until('the last is handled', () => comesTo('done', 'key0-8'), DEATHS_MS);

    await scene.findings();
    expect(disorderIn(scene.journal.lines())).toEqual([]);
    const done = new Set(scene.journal.of('done').map(({ id }) => id));
    expect(done).toEqual(load.acknowledged);
    expect(await scene.parked()).toEqual({});
  });
});

import { describe, expect, it } from '@jest/globals';

import { sharedStore, STORES } from '../../processes/stores.js';
import { until } from '../../processes/until.js';
import { QUEUE } from './scene/application.js';
import { Stage } from './scene/stage.js';

const COUNT = 60;
/** A second for all of them, so that it is surely killed in between. */
const PER_SECOND = 60;
const IN_BETWEEN = 45;

const stage = Stage.build();

describe.each(STORES.flatMap((kind) => [[kind, 'the queue'] as const, [kind, 'a table'] as const]))(
  'a replay of many dead letters on %s, kept in %s, whose process is killed in the middle',
  (kind, place) => {
    it('loses none, and the next replay sends the rest', async () => {
      const letters = place === 'a table' ? sharedStore('postgres') : undefined;
      const scene = await stage.open(kind, { workerCount: 2, queue: { maxAttempts: 1 }, letters });
      const { load } = scene;
      const left = (): Promise<number> => scene.letters.count({ queue: QUEUE });
      await load.free(COUNT, { kind: 'refuse', gate: 'mended' });
      await until('all are parked', async () => (await left()) === COUNT);
      scene.openGate('mended');

      const replayer = await scene.addReplayer('replayer-1', PER_SECOND);
      await until('some are replayed', async () => (await left()) < IN_BETWEEN);
      await replayer.endBy('SIGKILL');
      expect(scene.journal.of('replayed')).toEqual([]);
      const rest = await left();
      expect(rest).toBeGreaterThan(0);
      const effects = (): Set<string> => new Set(scene.journal.of('done').map(({ id }) => id));
      await until('what was replayed is handled', () => effects().size >= COUNT - rest);

      await scene.addReplayer('replayer-2', 1000);
      const { detail = '' } = await scene.seen('replayed', '');
      expect(JSON.parse(detail)).toMatchObject({ matched: rest, replayed: rest, failed: 0, isStopped: false });
      await until('all are handled', () => effects().size === COUNT);
      expect(await left()).toBe(0);
      expect(effects()).toEqual(load.acknowledged);
      // The one that it was killed with may have been sent, and kept as well.
      expect(scene.journal.of('done').length).toBeLessThanOrEqual(COUNT + 1);
      expect((await scene.findings()).repeatedEffects).toBeLessThanOrEqual(1);
    });
  },
);

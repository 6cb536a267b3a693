import { describe, expect, it } from '@jest/globals';

import { KEYS, SLOTS_PER_WORKER } from './scene/scene.js';
import { Stage } from './scene/stage.js';
import type { StoreKind } from '../../processes/stores.js';
import { until } from '../../processes/until.js';

const WORKERS = ['worker-1', 'worker-2'];

interface Case {
  readonly kind: StoreKind;
  readonly signal: NodeJS.Signals;
  readonly whenDown: 'fail' | 'wait';
}

const CASES: readonly Case[] = [
  { kind: 'redis', signal: 'SIGKILL', whenDown: 'fail' },
  { kind: 'redis', signal: 'SIGTERM', whenDown: 'wait' },
  { kind: 'postgres', signal: 'SIGKILL', whenDown: 'fail' },
  { kind: 'postgres', signal: 'SIGQUIT', whenDown: 'wait' },
];

const stage = Stage.build();

describe.each(CASES)(
  'a durable $kind that is ended by $signal under load and started again',
  ({ kind, signal, whenDown }) => {
    it(`loses nothing that was acknowledged, and keeps the order of keys, where senders ${whenDown}`, async () => {
      const { scene, server } = await stage.openWithServer(kind, {
        workerCount: WORKERS.length,
        whenDown,
        failPercent: 5,
      });
      scene.load.begin(KEYS);
      await until('the load is under way', () => scene.journal.of('done').length >= 100);
      await server.kill(signal);
      await server.restart();
      await scene.loadGoesOn();

      const findings = await scene.findings();
      const limit = WORKERS.length * SLOTS_PER_WORKER;
      expect(findings.problems({ by: WORKERS, redeliveries: limit, effects: limit })).toEqual([]);
    });
  },
);

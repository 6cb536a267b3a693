import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Programs } from '../processes/programs.js';
import { sharedStore, STORES } from '../processes/stores.js';
import { describePlan, planOf } from './plan.js';
import { runPlan } from './run.js';
import { LOCK_MS, TIMEOUT_MS } from './staged.js';
import { tableOf } from './table.js';

const SEED = 4;
const MESSAGE_COUNT = 300;

let programs: Programs;

beforeAll(async () => {
  programs = await Programs.compile(path.join(import.meta.dirname, 'programs'));
});
afterAll(() => programs?.remove());

describe.each(STORES)('workers on %s that are killed at named points under load', (kind) => {
  it(
    'lose nothing, have no idempotent effect twice, keep the order of keys, and are relieved in time',
    async () => {
      const plan = planOf(SEED, { messageCount: MESSAGE_COUNT, isFull: false, hasOutbox: kind === 'postgres' });
      const report = await runPlan({ plan, programs, store: sharedStore(kind), lockMs: LOCK_MS });
      const text = `${describePlan(plan)}\n${tableOf([report])}`;
      expect([...report.problems, ...(report.problems.length > 0 ? [text] : [])]).toEqual([]);
      expect(report.sent).toBeGreaterThanOrEqual(MESSAGE_COUNT);
      expect(report.kills).toBeGreaterThanOrEqual(2);
      expect(report.takenOver).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

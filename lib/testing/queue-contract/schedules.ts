import assert from 'node:assert/strict';

import type { QueueSchedule } from '../../run-modes/queue/queue-backend.port.js';
import { COMPLETE, FAILURE, type BenchCase } from './bench.js';

function schedule(given: Partial<QueueSchedule>): QueueSchedule {
  const entry = { name: 'reports.make', data: { kind: 'daily' }, priority: 100 };
  return { id: 'daily: report', every: undefined, cron: undefined, tz: undefined, entry, ...given };
}

const INVALID = { code: 'DISPATCH_INVALID_SCHEDULE' };

/** Entries that are made again and again. */
export const scheduleCases: readonly BenchCase[] = [
  {
    title: 'makes an entry at once and then each time the interval has passed, with ids of their own',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const consumption = await instance.consume(queue);
      const state = await instance.backend.schedule(queue.name, schedule({ every: 250 }));
      assert.deepEqual([state.id, state.every, state.name], ['daily: report', 250, 'reports.make']);
      await consumption.done(3);
      assert.equal(new Set(consumption.ids).size, consumption.ids.length);
      const [first, , third] = consumption.deliveries;
      assert.deepEqual([first?.name, first?.data, first?.attempt], ['reports.make', { kind: 'daily' }, 1]);
      assert.equal(third?.key, undefined);
      const [firstAt = 0, , thirdAt = 0] = consumption.startedAt;
      // One interval is certain: the first entry may be late and the second come on time.
      assert.ok(thirdAt - firstAt >= 240, `three entries came within ${thirdAt - firstAt} ms`);
      assert.equal(await instance.backend.unschedule(queue.name, 'daily: report'), true);
      assert.equal(await instance.backend.unschedule(queue.name, 'daily: report'), false);
      assert.deepEqual(await instance.backend.schedules(queue.name), []);
    },
  },
  {
    title: 'delivers an entry of a schedule again under its id where it is retried',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const consumption = await instance.consume(queue, ({ attempt }) =>
        attempt === 1 ? { action: 'retry', delayMs: 0, error: FAILURE } : COMPLETE,
      );
      await instance.backend.schedule(queue.name, schedule({ every: 600_000 }));
      await consumption.done(2);
      const [first, second] = consumption.deliveries;
      assert.deepEqual([second?.id, second?.attempt], [first?.id, 2]);
    },
  },
  {
    title: 'lists a schedule by cron with its next time, read in its time zone',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({}, instance);
      const utc = schedule({ id: 'utc', cron: '0 30 4 1 1 *', tz: 'UTC' });
      const berlin = schedule({ id: 'berlin', cron: '30 4 1 1 *', tz: 'Europe/Berlin' });
      await backend.schedule(queue.name, utc);
      await backend.schedule(queue.name, berlin);
      const listed = await backend.schedules(queue.name);
      const states = new Map(listed.map((state) => [state.id, state]));
      for (const [{ id, cron, tz }, hour] of [[utc, 4] as const, [berlin, 3] as const]) {
        const nextAt = nextNewYear(hour);
        const state = states.get(id);
        assert.deepEqual(state, {
          id,
          cron,
          tz,
          every: undefined,
          queue: queue.name,
          name: 'reports.make',
          nextAt,
        });
      }
    },
  },
  {
    title: 'replaces a schedule of the same id',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({}, instance);
      await backend.schedule(queue.name, schedule({ cron: '0 4 1 1 *', tz: 'UTC' }));
      const entry = { name: 'reports.remake', data: [2], priority: 1 };
      await backend.schedule(queue.name, schedule({ every: 600_000, entry }));
      const listed = await backend.schedules(queue.name);
      const facts = listed.map(({ id, cron, every, name }) => ({ id, cron, every, name }));
      const expected = { id: 'daily: report', cron: undefined, every: 600_000, name: 'reports.remake' };
      assert.deepEqual(facts, [expected]);
      const consumption = await instance.consume(queue);
      await consumption.done(1);
      assert.deepEqual(consumption.deliveries[0]?.data, [2]);
    },
  },
  {
    title: 'refuses a cron expression or a time zone that cannot be read, and keeps the schedule there was',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({}, instance);
      await backend.schedule(queue.name, schedule({ cron: '0 4 1 1 *', tz: 'UTC' }));
      for (const cron of ['nonsense', '61 * * * *', '* * * *', '* * * * * * *', '']) {
        await assert.rejects(backend.schedule(queue.name, schedule({ cron })), INVALID, `"${cron}" was taken`);
      }
      const tz = 'Mars/Olympus';
      await assert.rejects(backend.schedule(queue.name, schedule({ cron: '0 4 1 1 *', tz })), INVALID);
      const listed = await backend.schedules(queue.name);
      assert.deepEqual(
        listed.map((state) => [state.cron, state.tz]),
        [['0 4 1 1 *', 'UTC']],
      );
    },
  },
];

/** The next first of January at half past this hour, UTC. */
function nextNewYear(hour: number): Date {
  const year = new Date().getUTCFullYear();
  const candidates = [year, year + 1].map((each) => new Date(Date.UTC(each, 0, 1, hour, 30)));
  return candidates.find((date) => date.getTime() > Date.now()) ?? new Date(Number.NaN);
}

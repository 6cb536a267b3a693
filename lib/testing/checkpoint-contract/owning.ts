import assert from 'node:assert/strict';

import { begun, LEASE_MS, ownership, pass, recordsOf, type CheckpointBenchCase } from './bench.js';

/** Who may write to a target. */
export const OWNING: readonly CheckpointBenchCase[] = [
  {
    title: 'makes a target once, at position 0',
    async run(bench) {
      const { store, other, projection } = bench;
      const target = { projection, target: 'blue', version: 3, isActive: true } as const;
      const made = await Promise.all([store.begin(target), other.begin({ ...target, version: 4 })]);
      assert.equal(made.filter(Boolean).length, 1);
      const { blue } = await recordsOf(bench);
      const { version, updatedAt, ...rest } = blue ?? assert.fail('there is no target');
      assert.equal(version, made[0] ? 3 : 4);
      assert.ok(Math.abs(updatedAt.getTime() - Date.now()) < 3_600_000);
      const start = { position: 0, replayUntil: 0, stopReason: undefined, isOwned: false, parkedCount: 0 };
      assert.deepEqual(rest, { projection, target: 'blue', isActive: true, ...start });
      assert.ok((await other.targets()).some((each) => each.projection === projection));
    },
  },
  {
    title: 'lets one own a target, and go on owning it, until the lease is over or given back',
    async run(bench) {
      const { store, other } = bench;
      const first = await begun(bench);
      assert.deepEqual(await store.acquire(first, LEASE_MS), { position: 0, replayUntil: 0 });
      const second = ownership(bench);
      assert.equal(await other.acquire(second, LEASE_MS), undefined);
      assert.deepEqual([await store.renew(first, LEASE_MS), await other.renew(second, LEASE_MS)], [true, false]);
      assert.equal((await recordsOf(bench)).blue?.isOwned, true);
      await other.release(second);
      assert.equal((await recordsOf(bench)).blue?.isOwned, true);
      await store.release(first);
      assert.equal((await recordsOf(bench)).blue?.isOwned, false);
      assert.notEqual(await other.acquire(second, LEASE_MS), undefined);
    },
  },
  {
    title: 'gives what was not prolonged to one of those who ask, and lets the owner before write nothing more',
    async run(bench) {
      const { store, other } = bench;
      const first = await begun(bench);
      await store.save(first, 7);
      await store.renew(first, 1);
      await pass(30);
      const asking = [ownership(bench), ownership(bench), ownership(bench)];
      const asked = await Promise.all(asking.map((one, index) => (index === 1 ? store : other).acquire(one, LEASE_MS)));
      assert.deepEqual(
        asked.filter((one) => one !== undefined),
        [{ position: 7, replayUntil: 0 }],
      );
      const refused = [await store.save(first, 8), await store.renew(first, LEASE_MS), await store.stop(first, 'no')];
      assert.deepEqual([...refused, await store.promote(first)], [false, false, false, false]);
      assert.equal((await recordsOf(bench)).blue?.position, 7);
    },
  },
  {
    title: 'lets an owner write whose lease is over, as long as nobody has taken over',
    async run(bench) {
      const first = await begun(bench);
      await bench.store.renew(first, 1);
      await pass(30);
      assert.equal(await bench.store.save(first, 5), true);
    },
  },
  {
    title: 'lets nobody own what is stopped, until it is resumed',
    async run(bench) {
      const { store, other, projection } = bench;
      const first = await begun(bench);
      assert.equal(await store.stop(first, 'no\0 room'), true);
      const stopped = (await recordsOf(bench)).blue;
      assert.match(stopped?.stopReason ?? '', /^no.* room$/);
      assert.equal(stopped?.isOwned, false);
      const second = ownership(bench);
      assert.equal(await other.acquire(second, LEASE_MS), undefined);
      assert.deepEqual([await other.resume(projection), await store.resume(projection)], [true, false]);
      assert.notEqual(await other.acquire(second, LEASE_MS), undefined);
    },
  },
  {
    title: 'knows of nobody who owns what is not there',
    async run(bench) {
      const { store, projection } = bench;
      const nobody = ownership(bench);
      assert.equal(await store.acquire(nobody, LEASE_MS), undefined);
      assert.deepEqual([await store.renew(nobody, LEASE_MS), await store.save(nobody, 1)], [false, false]);
      assert.equal(await store.lockActive(projection), undefined);
      assert.equal(await store.reset({ projection, target: 'blue' }), false);
      assert.equal(await store.remove({ projection, target: 'blue' }), false);
      assert.equal(await store.resume(projection), false);
    },
  },
];

import assert from 'node:assert/strict';

import { begun, LEASE_MS, ownership, parkedEvent, pass, recordsOf, type CheckpointBenchCase } from './bench.js';

/** How far targets are, in transactions and out of them. */
export const WRITING: readonly CheckpointBenchCase[] = [
  {
    title: 'is at a position when the transaction commits, and not where that is rolled back',
    async run(bench) {
      const { store, transact } = bench;
      const owner = await begun(bench);
      await assert.rejects(
        transact(async (transaction) => {
          assert.equal(await store.save(owner, 5, transaction), true);
          throw new Error('rolled back');
        }),
        /rolled back/,
      );
      assert.equal((await recordsOf(bench)).blue?.position, 0);
      await transact(async (transaction) => {
        await store.save(owner, 6, transaction);
        assert.equal((await recordsOf(bench)).blue?.position, 0);
      });
      assert.equal((await recordsOf(bench)).blue?.position, 6);
    },
  },
  {
    title: 'lets an owner prolong its lease while its transaction is open',
    async run(bench) {
      const { store, transact } = bench;
      const owner = await begun(bench);
      await transact(async (transaction) => {
        await store.save(owner, 5, transaction);
        assert.equal(await store.renew(owner, LEASE_MS), true);
      });
      assert.equal((await recordsOf(bench)).blue?.isOwned, true);
    },
  },
  {
    title: 'lets one that takes over begin behind what the owner before commits, or makes that commit fail',
    async run(bench) {
      const { store, other, transact } = bench;
      const first = await begun(bench);
      await store.renew(first, 1);
      await pass(30);
      let taking: ReturnType<typeof other.acquire> | undefined;
      const committed = await transact(async (transaction) => {
        await store.save(first, 5, transaction);
        taking = other.acquire(ownership(bench), LEASE_MS);
        await pass(50);
      }).then(
        () => 5,
        () => 0,
      );
      assert.equal((await taking)?.position, committed);
      assert.equal((await recordsOf(bench)).blue?.position, committed);
    },
  },
  {
    title: 'keeps the active target where it is until the transaction ends, or fails one of the two that move it',
    async run(bench) {
      const { store, projection, transact } = bench;
      const owner = await begun(bench);
      await store.save(owner, 5);
      let saving: Promise<number> | undefined;
      const held = await transact(async (transaction) => {
        const position = await store.lockActive(projection, transaction);
        saving = transact(async (own) => {
          await store.save(owner, 9, own);
        }).then(
          () => 9,
          () => 5,
        );
        await pass(50);
        return position;
      }).catch(() => undefined);
      const saved = await saving;
      assert.ok(held === 5 || saved === 9);
      assert.equal((await recordsOf(bench)).blue?.position, saved);
    },
  },
  {
    title: 'makes another target the active one, and forgets the one before with what is parked of it',
    async run(bench) {
      const { store, other, projection, transact } = bench;
      const blue = await begun(bench);
      await store.park(blue, parkedEvent(3));
      const green = await begun(bench, 'green');
      await store.park(green, parkedEvent(4));
      await transact(async (transaction) => {
        assert.equal(await store.lockActive(projection, transaction), 0);
        assert.equal(await store.save(green, 9, transaction), true);
        assert.equal(await store.promote(green, transaction), true);
      });
      const records = await recordsOf(bench);
      assert.deepEqual([records.blue, records.green?.isActive, records.green?.position], [undefined, true, 9]);
      assert.deepEqual([await other.save(blue, 10), await other.renew(blue, LEASE_MS)], [false, false]);
      const parked = await other.parked({ projection, afterPosition: 0, limit: 10 });
      assert.deepEqual(
        parked.map(({ position }) => position),
        [4],
      );
      await other.begin({ projection, target: 'blue', version: 2, isActive: false });
      assert.equal(await store.renew(blue, LEASE_MS), false);
      assert.notEqual(await other.acquire(ownership(bench), LEASE_MS), undefined);
    },
  },
  {
    title: 'has what was handled before the switch, in either target, count as handled before',
    async run(bench) {
      const { store, projection } = bench;
      const blue = await begun(bench);
      await store.save(blue, 9);
      await store.reset({ projection, target: 'blue' });
      const green = await begun(bench, 'green');
      await store.save(green, 4);
      assert.equal(await store.promote(green), true);
      assert.equal((await recordsOf(bench)).green?.replayUntil, 9);
      const next = await begun(bench);
      await store.save(next, 12);
      assert.equal(await store.promote(next), true);
      assert.deepEqual((await recordsOf(bench)).blue?.replayUntil, 12);
    },
  },
  {
    title: 'puts a target back to its start, and says up to where it was',
    async run(bench) {
      const { store, other, projection } = bench;
      const owner = await begun(bench);
      await store.save(owner, 9);
      await store.park(owner, parkedEvent(3));
      assert.equal(await other.reset({ projection, target: 'blue' }), true);
      assert.equal(await store.save(owner, 10), false);
      const { position, replayUntil, parkedCount } = (await recordsOf(bench)).blue ?? assert.fail('it is gone');
      assert.deepEqual({ position, replayUntil, parkedCount }, { position: 0, replayUntil: 9, parkedCount: 0 });
      const next = ownership(bench);
      assert.deepEqual(await store.acquire(next, LEASE_MS), { position: 0, replayUntil: 9 });
      await store.save(next, 4);
      await store.reset({ projection, target: 'blue' });
      assert.equal((await recordsOf(bench)).blue?.replayUntil, 9);
    },
  },
  {
    title: 'removes a target that is not active, and no other',
    async run(bench) {
      const { store, other, projection } = bench;
      const blue = await begun(bench);
      const green = await begun(bench, 'green');
      assert.equal(await other.remove({ projection, target: 'blue' }), false);
      assert.equal(await other.remove({ projection, target: 'green' }), true);
      assert.deepEqual([await store.save(blue, 1), await store.save(green, 1)], [true, false]);
      assert.equal(await store.park(green, parkedEvent(1)), false);
      assert.deepEqual(Object.keys(await recordsOf(bench)), ['blue']);
    },
  },
];

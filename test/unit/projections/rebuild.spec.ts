import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryEventStore, ProjectionDropFailedNotification, ProjectionSwitchedNotification } from 'nestjs-dispatch';

import { rejectionOf } from '../dispatcher/application.js';
import { deferred } from '../dispatcher/deferred.js';
import { LineAdded, Placed } from '../event-store/shop.js';
import { propertyRuns } from '../property-runs.js';
import { collect } from '../run-modes/queued-application.js';
import { fill, Ledger, startProjected, until } from './ledger.js';

describe.each([
  ['with transactions', true],
  ['without transactions', false],
])('a rebuild, %s', (_what, isTransactional) => {
  it('writes everything again beside what is read, switches, and drops the old', async () => {
    const shop = await startProjected({ isTransactional });
    const told = collect(shop, ProjectionSwitchedNotification);
    const { projections, ledger, append } = shop;
    await projections.whenCaughtUp('ledger', await append('order-1', new Placed('ada'), new LineAdded(1)));
    expect(await projections.active('ledger')).toBe('blue');
    const progress: number[] = [];
    const result = await projections.rebuild('ledger', { onProgress: ({ position }) => progress.push(position) });
    expect(result).toEqual({ target: 'green', position: 2 });
    expect(ledger.entries['green']).toEqual(ledger.entries['blue']);
    expect(ledger.told).toEqual(['prepare blue', 'prepare green', 'promote green', 'drop blue']);
    expect([await projections.active('ledger'), progress[0]]).toEqual(['green', 0]);
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(2)));
    expect([ledger.entries['green']?.length, ledger.entries['blue']?.length]).toEqual([3, 2]);
    await until('the notification', () => told.length === 1);
    expect((await projections.rebuild('ledger')).target).toBe('blue');
  });

  it('leaves the old one as it is where it fails, and can be repeated', async () => {
    const ledger = new Ledger();
    const shop = await startProjected({ ledger, isTransactional, projection: { retries: 0 } });
    const { projections, append } = shop;
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1), new LineAdded(2)));
    ledger.onEvent = (_event, { replay, version }) => {
      if (replay && version === 2) throw new Error('not again');
    };
    expect(await rejectionOf(projections.rebuild('ledger'))).toMatchObject({ code: 'DISPATCH_PROJECTION_STOPPED' });
    expect(ledger.told.slice(1)).toEqual(['prepare green', 'drop green']);
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(3)));
    const [status] = await projections.list();
    expect(status).toMatchObject({ state: 'running', active: { target: 'blue' }, build: undefined, isHealthy: true });
    ledger.onEvent = undefined;
    expect(await projections.rebuild('ledger')).toEqual({ target: 'green', position: 3 });
  });

  it('leaves the old one as it is where it is aborted, and while it goes on nobody else can begin one', async () => {
    const ledger = new Ledger();
    const { projections, append } = await startProjected({ ledger, isTransactional });
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    const [begun, free] = [deferred(), deferred()];
    ledger.onEvent = async (_event, { replay }) => {
      if (!replay) return;
      begun.resolve();
      await free.promise;
    };
    const aborting = new AbortController();
    const rebuilding = projections.rebuild('ledger', { signal: aborting.signal });
    await begun.promise;
    expect(await rejectionOf(projections.rebuild('ledger'))).toMatchObject({ code: 'DISPATCH_REBUILD_UNDER_WAY' });
    aborting.abort(new Error('enough'));
    free.resolve();
    expect(await rejectionOf(rebuilding)).toMatchObject({ message: 'enough' });
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(2)));
    expect(await projections.list()).toMatchObject([{ active: { target: 'blue' }, build: undefined }]);
  });

  it('fails where what it promotes cannot be promoted, and where its target was removed', async () => {
    const ledger = new Ledger();
    const { projections, append, checkpoints } = await startProjected({ ledger, isTransactional });
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    const [begun, free] = [deferred(), deferred()];
    ledger.onEvent = async (_event, { replay }) => {
      if (replay) begun.resolve();
      if (replay) await free.promise;
    };
    const rebuilding = projections.rebuild('ledger');
    await begun.promise;
    await checkpoints.remove({ projection: 'ledger', target: 'green' });
    free.resolve();
    expect(await rejectionOf(rebuilding)).toMatchObject({ code: 'DISPATCH_PROJECTION_LOST' });
    ledger.told.push = () => {
      throw new Error('no view');
    };
    expect(await rejectionOf(projections.rebuild('ledger'))).toMatchObject({ message: 'no view' });
    expect(await projections.active('ledger')).toBe('blue');
  });
});

describe('a rebuild', () => {
  it('fails where what it promotes cannot be promoted, also where an event comes before each attempt', async () => {
    const ledger = new Ledger();
    const { projections, append, checkpoints } = await startProjected({ ledger });
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    const aborting = new AbortController();
    let attempts = 0;
    ledger.told.push = (text: string) => {
      if (!text.startsWith('promote')) return 0;
      attempts += 1;
      if (attempts > 9) aborting.abort(new Error('there is no end to the attempts'));
      throw new Error('no view');
    };
    const targets = checkpoints.targets.bind(checkpoints);
    let askedFor = 0;
    checkpoints.targets = async (projection) => {
      const found = await targets(projection);
      if (attempts === askedFor) return found;
      askedFor = attempts;
      const position = await append('order-1', new LineAdded(attempts));
      await until('the event', async () => (await targets(projection)).some((each) => each.position === position));
      return found;
    };
    const rebuilding = projections.rebuild('ledger', { signal: aborting.signal });
    expect(await rejectionOf(rebuilding)).toMatchObject({ message: 'no view' });
  });

  it('parks an event that spoils the transaction of the switch without failing itself', async () => {
    const ledger = new Ledger();
    const { projections, append } = await startProjected({
      ...{ ledger, projection: { retries: 0, onFailure: 'parkEvent' } },
    });
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1), new LineAdded(2)));
    ledger.onEvent = (_event, { replay, version, client }) => {
      const check = (): void => {
        throw new Error('spoilt');
      };
      if (replay && version === 2) client?.add({ check, apply: () => undefined });
    };
    expect(await projections.rebuild('ledger')).toEqual({ target: 'green', position: 2 });
    expect(await projections.list()).toMatchObject([{ parkedCount: 1 }]);
    expect(ledger.entries['green']).toEqual(['order-1 1 1']);
  });

  it('hands each event to one of the two targets as new, so that what must happen once does', async () => {
    const store = inMemoryEventStore();
    await fill(store, 30, 3);
    const ledger = new Ledger();
    const asNew: number[] = [];
    ledger.onEvent = (_event, { replay, position, client }) => {
      if (!replay) client?.add({ apply: () => void asNew.push(position) });
    };
    const shop = await startProjected({ store, ledger, projection: { batchSize: 4 } });
    const over = new AbortController();
    const writing = (async () => {
      for (; !over.signal.aborted; await setImmediate()) await shop.append('order-9', new LineAdded(1));
    })();
    for (let count = 0; count < 3; count++) await shop.projections.rebuild('ledger');
    over.abort();
    await writing;
    const last = await store.lastPosition();
    await shop.projections.whenCaughtUp('ledger', last, { timeoutMs: 20_000 });
    expect(asNew.toSorted((a, b) => a - b)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
    expect(ledger.entries['green']).toHaveLength(last);
  });

  it('hands nothing as new that was handled before a reset, where it comes before all of that is written again', async () => {
    const ledger = new Ledger();
    const shop = await startProjected({ ledger, projection: { batchSize: 1 } });
    const { projections, append } = shop;
    const position = await append('order-1', new LineAdded(1), new LineAdded(2), new LineAdded(3));
    await projections.whenCaughtUp('ledger', position);
    const asNew: number[] = [];
    const free = deferred();
    ledger.onEvent = async (_event, { replay, version, target }) => {
      if (!replay) asNew.push(version);
      if (version === 2 && target === 'blue') await free.promise;
    };
    await projections.reset('ledger');
    await until('the first event', () => ledger.entries['blue']?.length === 1);
    await projections.rebuild('ledger');
    free.resolve();
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(4)));
    expect(ledger.entries['green']).toHaveLength(4);
    expect(asNew).toEqual([4]);
  });

  it('hands an event that it has parked as a replay when that is tried again', async () => {
    const ledger = new Ledger();
    const shop = await startProjected({ ledger, projection: { retries: 0, onFailure: 'parkEvent' } });
    const { projections, append } = shop;
    await projections.whenCaughtUp('ledger', await append('order-1', new LineAdded(1)));
    ledger.onEvent = () => {
      throw new Error('not again');
    };
    await projections.rebuild('ledger');
    const replays: boolean[] = [];
    ledger.onEvent = (_event, { replay }) => void replays.push(replay);
    await projections.retryParked('ledger');
    await until('nothing parked', async () => (await projections.list())[0]?.parkedCount === 0);
    expect(replays).toEqual([true]);
  });

  it('comes by itself with a new version of the class, and is left alone by the old one', async () => {
    const first = await startProjected({ projection: { version: 1 } });
    const { store, checkpoints } = first;
    await first.projections.whenCaughtUp('ledger', await first.append('order-1', new LineAdded(1)));
    const second = await startProjected({ store, checkpoints, projection: { version: 2 } });
    await until('the switch', async () => (await second.projections.active('ledger')) === 'green');
    await second.projections.whenCaughtUp('ledger', await second.append('order-1', new LineAdded(2)));
    expect(second.ledger.entries['green']).toEqual(['order-1 1 1', 'order-1 2 2']);
    await until('the old one', async () => (await first.projections.list())[0]?.state === 'superseded');
    expect(first.ledger.entries['green']).toEqual([]);
  });

  it('is refused to the class of before, once a new version is active, as a reset is', async () => {
    const first = await startProjected({ projection: { version: 1 } });
    const { store, checkpoints } = first;
    await first.projections.whenCaughtUp('ledger', await first.append('order-1', new LineAdded(1)));
    const second = await startProjected({ store, checkpoints, projection: { version: 2 } });
    await until('the switch', async () => (await second.projections.active('ledger')) === 'green');
    first.ledger.told.length = 0;
    const lost = { code: 'DISPATCH_PROJECTION_LOST' };
    expect(await rejectionOf(first.projections.rebuild('ledger'))).toMatchObject(lost);
    expect(await rejectionOf(first.projections.reset('ledger'))).toMatchObject(lost);
    expect(first.ledger.told).toEqual([]);
    expect((await second.projections.list())[0]?.active).toEqual({ target: 'green', version: 2 });
  });

  it('does not write to a target that was begun for another version since it looked', async () => {
    const first = await startProjected({ projection: { version: 1 } });
    const { store, checkpoints } = first;
    await first.projections.whenCaughtUp('ledger', await first.append('order-1', new LineAdded(1)));
    await first.app.close();
    const green = { projection: 'ledger', target: 'green', version: 3, isActive: false } as const;
    const acquire = checkpoints.acquire.bind(checkpoints);
    const asked = deferred();
    checkpoints.acquire = async (ownership, leaseMs) => {
      if (ownership.target === 'green') {
        checkpoints.acquire = acquire;
        await checkpoints.remove(green);
        await checkpoints.begin(green);
        asked.resolve();
      }
      return acquire(ownership, leaseMs);
    };
    await startProjected({ store, checkpoints, projection: { version: 2 } });
    await asked.promise;
    const active = async () => (await checkpoints.targets('ledger')).find(({ isActive }) => isActive);
    await until('the switch', async () => (await active())?.target === 'green');
    expect(await active()).toMatchObject({ target: 'green', version: 2 });
  });

  it('tells of an old target that could not be dropped', async () => {
    const ledger = new Ledger();
    const shop = await startProjected({ ledger });
    const told = collect(shop, ProjectionDropFailedNotification);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', new LineAdded(1)));
    ledger.told.push = (text: string) => {
      if (text.startsWith('drop')) throw new Error('in use');
      return 0;
    };
    await shop.projections.rebuild('ledger');
    await until('the notification', () => told.length === 1);
    expect(told[0]).toMatchObject({ projection: 'ledger', target: 'blue', error: { message: 'in use' } });
  });

  it('comes out as what was written live, whatever was appended, and in what batches', async () => {
    const appends = fc.array(fc.record({ stream: fc.nat({ max: 3 }), count: fc.integer({ min: 1, max: 4 }) }), {
      maxLength: 12,
    });
    const property = fc.asyncProperty(appends, fc.integer({ min: 1, max: 5 }), async (all, batchSize) => {
      const { append, projections, ledger, app } = await startProjected({ projection: { batchSize } });
      let position = 0;
      for (const [index, { stream, count }] of all.entries()) {
        const events = Array.from({ length: count }, () => new LineAdded(index));
        position = await append(`order-${stream}`, ...events);
      }
      await projections.whenCaughtUp('ledger', position);
      await projections.rebuild('ledger');
      await app.close();
      expect(ledger.entries['green']).toEqual(ledger.entries['blue']);
      expect(ledger.entries['green']).toHaveLength(position);
    });
    await fc.assert(property, propertyRuns(15));
  });
});

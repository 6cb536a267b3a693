import { describe, expect, it } from '@jest/globals';

import { Lane, type Death } from './lane.js';

/** A line whose second message fails for good once, and whose last one comes late. */
async function play(death?: Death): Promise<Lane> {
  const lane = new Lane(death);
  lane.broken.add('a').add('c');
  lane.waiting.push('a', 'b', 'c', 'd');
  await lane.work();
  lane.broken.delete('a');
  await lane.replay('a');
  lane.waiting.push('e');
  await lane.work();
  lane.broken.clear();
  await lane.replay('c');
  await lane.work();
  return lane;
}

/** A list without what is the same as the one before it. */
function once(list: readonly string[]): string[] {
  return list.filter((entry, index) => entry !== list[index - 1]);
}

describe('the line of a key', () => {
  it('keeps its order wherever a process dies, and leaves nothing behind', async () => {
    const { calls } = await play();
    expect(calls).toBeGreaterThan(40);
    const deaths = Array.from({ length: calls }, (_, index) => index + 1).flatMap((at) =>
      [true, false].map((isCarriedOut): Death => ({ at, isCarriedOut })),
    );
    for (const death of deaths) {
      const lane = await play(death);
      const { handled, parked } = lane;
      const left = await lane.keyBlock('q', 'k');
      expect({ death, handled: once(handled), parked, left }).toEqual({
        death,
        handled: ['a', 'b', 'c', 'd', 'e'],
        parked: [],
        left: undefined,
      });
      // Only what was in hand is handled again.
      expect(handled.length).toBeLessThanOrEqual(6);
    }
  });

  it('is not begun by a message that somebody has cancelled', async () => {
    const lane = new Lane();
    const error = { name: 'CancelledError', message: 'cancelled', code: 'DISPATCH_CANCELLED', stack: undefined };
    await lane.deliver('a', async () => ({ action: 'park', place: 'failed', error }));
    expect(await lane.keyBlock('q', 'k')).toBeUndefined();
  });

  it('goes on with what is parked where others of it were discarded, of which nobody is told', async () => {
    const lane = new Lane();
    lane.broken.add('a');
    lane.waiting.push('a', 'b', 'c', 'd');
    await lane.work();
    lane.remove('a');
    lane.remove('c');
    await lane.replay('b');
    await lane.work();
    expect(lane.handled).toEqual(['b', 'd']);
    expect(await lane.keyBlock('q', 'k')).toBeUndefined();
  });

  it('is forgotten with its last message, and not before', async () => {
    const lane = new Lane();
    lane.broken.add('a');
    lane.waiting.push('a', 'b');
    await lane.work();
    lane.remove('a');
    await lane.desk.tidy('q', 'k');
    expect(await lane.desk.ahead('q', 'k', 'b')).toBeUndefined();
    expect(await lane.keyBlock('q', 'k')).toBeDefined();
    lane.remove('b');
    await lane.desk.tidy('q', 'k');
    expect(await lane.keyBlock('q', 'k')).toBeUndefined();
  });

  it('holds nobody back whose entries were all removed without it being told', async () => {
    const lane = new Lane();
    lane.broken.add('a');
    lane.waiting.push('a');
    await lane.work();
    lane.remove('a');
    lane.waiting.push('b');
    await lane.work();
    expect(lane.handled).toEqual(['b']);
    expect(await lane.keyBlock('q', 'k')).toBeUndefined();
  });

  it('is not freed by a process that has lost its hold on the head, which failed elsewhere meanwhile', async () => {
    const lane = new Lane();
    lane.broken.add('a');
    lane.waiting.push('a');
    await lane.work();
    await lane.replay('a');
    const late = lane.deliver('a', async () => {
      await lane.work();
      return { action: 'complete', result: undefined };
    });
    await late;
    lane.waiting.push('b');
    await lane.work();
    expect(lane.handled).toEqual([]);
    expect(lane.parked).toEqual(['a', 'b']);
    lane.broken.clear();
    await lane.replay('a');
    await lane.work();
    expect(lane.handled).toEqual(['a', 'b']);
  });

  it('is not moved on by a process that has lost its hold, once its message was handled elsewhere', async () => {
    const lane = new Lane();
    lane.broken.add('a');
    lane.waiting.push('a', 'b', 'c');
    await lane.work();
    lane.broken.delete('a');
    lane.broken.add('b');
    await lane.replay('a');
    await lane.deliver('a', async () => {
      await lane.work();
      return { action: 'complete', result: undefined };
    });
    expect({ waiting: lane.waiting, handled: lane.handled }).toEqual({ waiting: [], handled: ['a'] });
    expect(lane.parked.toSorted()).toEqual(['b', 'c']);
  });
});

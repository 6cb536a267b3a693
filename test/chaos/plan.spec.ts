import { describe, expect, it } from '@jest/globals';

import { parseArguments } from './arguments.js';
import { describePlan, planOf } from './plan.js';
import { POINTS, RELAY_POINTS } from './programs/strikes.js';
import { Random } from './random.js';

const FULL = { messageCount: 1200, isFull: true };

describe('the plan of a seed', () => {
  it('is the same each time, and another one for another seed', () => {
    expect(planOf(7, FULL)).toEqual(planOf(7, FULL));
    expect(describePlan(planOf(8, FULL))).not.toBe(describePlan(planOf(7, FULL)));
  });

  it('kills at every point once, stops a worker, kills a sender, and kills the store', () => {
    const { faults, lurking } = planOf(7, FULL);
    const points = [...faults, ...lurking].flatMap((fault) => ('point' in fault ? [fault.point] : []));
    expect([...points, 'draining'].toSorted()).toEqual(POINTS.toSorted());
    const kinds = faults.map(({ kind }) => kind).filter((kind) => kind !== 'strike');
    expect(kinds.toSorted()).toEqual(['drain', 'kill', 'sender', 'stop', 'store']);
  });

  it('kills at the points of the relay too, where there is one', () => {
    const { faults } = planOf(7, { ...FULL, hasOutbox: true });
    const points = faults.flatMap((fault) => (fault.kind === 'strike' ? [fault.point] : []));
    expect(points).toEqual(expect.arrayContaining([...RELAY_POINTS]));
  });

  it('has messages that can never be handled, keyed and not, and one that kills its worker', () => {
    const { streams } = planOf(7, FULL);
    expect(streams.reduce((total, { count }) => total + count, 0)).toBe(1204);
    expect(streams.every(({ poison }) => poison.length > 0)).toBe(true);
    expect(streams.filter(({ of }) => of === 'killer')).toHaveLength(1);
  });
});

describe('the numbers of a seed', () => {
  it('are the same each time, within their bounds, and reach both', () => {
    const drawn = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 100 }, () => random.whole(1, 3));
    };
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(new Set(drawn(1))).toEqual(new Set([1, 2, 3]));
  });
});

describe('the command line', () => {
  it('takes one seed, or several, and has defaults', () => {
    expect(parseArguments(['--backend', 'redis', '--seed', '7'])).toEqual({
      seeds: [7],
      backend: 'redis',
      messageCount: 1200,
      isJson: false,
    });
    expect(parseArguments(['--backend', 'postgres', '--seeds', '3-5', '--json']).seeds).toEqual([3, 4, 5]);
  });

  it.each([
    [['--seed', '1'], '--backend is ""'],
    [['--backend', 'mysql'], '--backend is "mysql"'],
    [['--backend', 'redis', '--seed', '0'], 'is "0"'],
    [['--backend', 'redis', '--seeds', '5-3'], 'not FROM-TO'],
    [['--backend', 'redis', '--seed', '1', '--seeds', '1-2'], 'not both'],
    [['--backend', 'redis', '--messages', 'many'], 'is "many"'],
  ])('refuses %j', (args, problem) => {
    expect(() => parseArguments(args)).toThrow(problem);
  });
});

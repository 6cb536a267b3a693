import { describe, expect, it } from '@jest/globals';

import { laneOf, placesOf, queueNameProblem, queueOf } from '../../../../lib/integrations/bullmq/entries/places.js';

describe('places of a queue in BullMQ', () => {
  it('gives a key the same lane in every process and release', () => {
    expect(['', 'a', 'foobar', 'ü', '🎉'].map((key) => laneOf(key, 256))).toEqual([197, 44, 104, 74, 9]);
    expect(laneOf('order-1', 1)).toBe(0);
  });

  it('spreads keys over the lanes', () => {
    const lanes = Array.from({ length: 1000 }, (_, index) => laneOf(`customer-${index}`, 4));
    const counts = [0, 1, 2, 3].map((lane) => lanes.filter((each) => each === lane).length);
    expect(Math.min(...counts)).toBeGreaterThan(200);
  });

  it('names the queue and its lanes, and finds the queue of each', () => {
    expect(placesOf('orders', 2)).toEqual(['orders', 'orders~0', 'orders~1']);
    expect(placesOf('orders', 2).map((place) => queueOf(place))).toEqual(['orders', 'orders', 'orders']);
  });

  it('refuses names that the parts of a key would be mixed up with', () => {
    expect(['orders', 'orders.eu', 'ü'].map((name) => queueNameProblem(name))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(['', 'a:b', 'a~1'].map((name) => queueNameProblem(name) === undefined)).toEqual([false, false, false]);
  });
});

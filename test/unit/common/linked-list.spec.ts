import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { LinkedList, type Link } from '../../../lib/common/linked-list.js';
import { propertyRuns } from '../property-runs.js';

describe('LinkedList', () => {
  it('keeps values in the order of a plain array, whatever is added and removed where', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom('push', 'unshift'), value: fc.nat() }),
      fc.record({ remove: fc.nat() }),
      fc.constant('shift'),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const list = new LinkedList<number>();
        const model: { value: number; link: Link<number> }[] = [];
        for (const each of steps) apply(each, list, model);
        const values = model.map(({ value }) => value);
        expect([...list]).toEqual(values);
        expect([...list.backwards()]).toEqual(values.toReversed());
        expect([list.size, list.first, list.last]).toEqual([values.length, values[0], values.at(-1)]);
      }),
      propertyRuns(300),
    );
  });

  it('does nothing where a value is removed a second time, or by the link of another list', () => {
    const [list, other] = [new LinkedList<string>(), new LinkedList<string>()];
    const link = list.push('a');
    other.push('x');
    other.remove(link);
    list.push('b');
    list.remove(link);
    list.remove(link);
    expect([[...list], [...other]]).toEqual([['b'], ['x']]);
  });
});

type Step = { add: string; value: number } | { remove: number } | string;

function apply(step: Step, list: LinkedList<number>, model: { value: number; link: Link<number> }[]): void {
  if (typeof step === 'string') {
    if (list.shift() !== model.shift()?.value) throw new Error('shift() took another value than the first.');
  } else if ('remove' in step) {
    const [removed] = model.length === 0 ? [] : model.splice(step.remove % model.length, 1);
    if (removed !== undefined) list.remove(removed.link);
  } else if (step.add === 'push') {
    model.push({ value: step.value, link: list.push(step.value) });
  } else {
    model.unshift({ value: step.value, link: list.unshift(step.value) });
  }
}

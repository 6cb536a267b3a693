import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Command } from 'nestjs-dispatch';

import { QUEUED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { propertyRuns } from '../unit/property-runs.js';

class Store extends Command<readonly [boolean, unknown]> {
  constructor(readonly value: unknown) {
    super();
  }

  isItself(): boolean {
    return this instanceof Store;
  }
}

/** What JSON has no word for, and what is made of it. A date without a time, and -0, are the codec's own specs' matter. */
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.date({ noInvalidDate: true }),
    fc.bigInt(),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.uint8Array(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.uniqueArray(fc.oneof(fc.string(), fc.bigInt())).map((all) => new Set(all)),
    fc.array(fc.tuple(fc.string(), tie('value'))).map((pairs) => new Map(pairs)),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('value'), { noNullPrototype: true }),
  ),
})).value;

// There, a Date arrives as text, a Map as {}, a bigint not at all, and an instance without its methods.
describe.each(QUEUED_MODES)('what a message holds, $name (taskforcesh/bullmq#2539)', (mode) => {
  it('arrives as it was sent, in an instance of its class, and so does the result', async () => {
    const store = commandHandler(Store, (message) => [message.isItself(), message.value]);
    const { dispatcher } = await startIn(mode, { providers: [store], settings: { concurrency: 10 } });
    const sample = fc.sample(values, propertyRuns(60));
    const stored = await Promise.all(sample.map((value) => dispatcher.execute(new Store(value))));
    expect(stored).toEqual(sample.map((value) => [true, value]));
  });
});

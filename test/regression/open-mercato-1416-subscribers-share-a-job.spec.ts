import { describe, expect, it } from '@jest/globals';
import { Event, Queues, type HandlerContext } from 'nestjs-dispatch';

import { QUEUED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { eventHandler } from '../unit/dispatcher/handlers.js';
import { until } from '../unit/run-modes/queued-application.js';

class OrderPlaced extends Event {}

// There, all subscribers of an event share one job: where one fails, either nothing is tried again, or all of them are.
describe.each(QUEUED_MODES)('an event with several handlers, $name (open-mercato/open-mercato#1416)', (mode) => {
  it('is tried again for the one that failed, and parked for the one that fails for ever', async () => {
    const ran: string[] = [];
    const failing = (name: string, failures: number) => {
      const handle = (_event: OrderPlaced, { attempt }: HandlerContext) => {
        ran.push(`${name} ${attempt}`);
        if (attempt <= failures) throw new Error(`${name} fails`);
      };
      return eventHandler(OrderPlaced, handle, { name });
    };
    const settings = { maxAttempts: 3, backoffMs: 1, concurrency: 3 };
    const providers = [failing('Stock', 0), failing('Mail', 1), failing('Bill', 9)];
    const { app, dispatcher, queue = '' } = await startIn(mode, { providers, settings });
    await dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    const queues = app.get(Queues);
    await until('the end of all three', async () => {
      const { completed, parked } = await queues.counts(queue);
      return completed === 2 && parked.failed === 1;
    });
    expect(ran.toSorted()).toEqual(['Bill 1', 'Bill 2', 'Bill 3', 'Mail 1', 'Mail 2', 'Stock 1']);
    const [parked] = await queues.parked(queue, 'failed');
    expect(parked).toMatchObject({ id: 'e1.Bill', error: { message: 'Bill fails' }, attempt: 3 });
  });
});

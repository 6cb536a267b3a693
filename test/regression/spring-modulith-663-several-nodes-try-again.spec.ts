import { describe, expect, it } from '@jest/globals';
import { Command, Queues, type HandlerContext } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn, type ModeApplication } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { until } from '../unit/run-modes/queued-application.js';

class Settle extends Command {}

const MESSAGE_COUNT = 10;
const MAX_ATTEMPTS = 3;

// There, each node resubmits what is unfinished at the same time, nothing is tried again by itself, and the cause is not kept
// (spring-modulith#663, #1439, #1458).
describe.each(SHARED_MODES)('messages that fail on several nodes, $name (spring-modulith#663)', (mode) => {
  it('are tried again by themselves, each attempt by one node, and keep the cause, its stack and their attempts', async () => {
    const runs: string[] = [];
    const settle = commandHandler(Settle, (_settle: Settle, { id, attempt }: HandlerContext) => {
      runs.push(`${id} ${attempt}`);
      throw new RangeError(`no account for ${id}`);
    });
    const queue = newQueue();
    const settings = { maxAttempts: MAX_ATTEMPTS, backoffMs: 5, concurrency: 3 };
    const nodes: ModeApplication[] = [];
    for (let count = 0; count < 3; count += 1)
      nodes.push(await startIn(mode, { queue, settings, providers: [settle] }));
    const ids = Array.from({ length: MESSAGE_COUNT }, (_, index) => `m${index}`);
    await Promise.all(ids.map((id) => nodes[0]?.dispatcher.send(new Settle(), { id })));
    const parked = () => nodes[1]?.app.get(Queues).parked(queue, 'failed', 100);
    await until('all are parked', async () => (await parked())?.length === MESSAGE_COUNT);

    const attempts = ids.flatMap((id) => Array.from({ length: MAX_ATTEMPTS }, (_, index) => `${id} ${index + 1}`));
    expect(runs.toSorted()).toEqual(attempts.toSorted());
    const message = (await parked())?.find(({ id }) => id === 'm3');
    expect(message).toMatchObject({
      attempt: MAX_ATTEMPTS,
      error: { name: 'RangeError', message: 'no account for m3' },
    });
    expect(message?.error.stack).toContain('several-nodes-try-again');
  });
});

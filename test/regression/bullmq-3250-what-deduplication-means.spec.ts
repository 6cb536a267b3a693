import { describe, expect, it } from '@jest/globals';
import { Command, Queues, type HandlerContext, type SendOptions } from 'nestjs-dispatch';

import { QUEUED_MODES, startIn, type Mode } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Reindex extends Command<string> {}

/** What becomes of a message that is sent like one before it. */
interface Outcome {
  readonly what: string;
  /** How the first is sent, and how the second. */
  readonly options: readonly [SendOptions, SendOptions];
  /** Whether the first has been handled when the second is sent. */
  readonly isDone: boolean;
  /** Whether the second is handled too, or the first stands for it. */
  readonly isHandledTwice: boolean;
}

const OUTCOMES: readonly Outcome[] = [
  { what: 'an id that waits', options: [{ id: 'a' }, { id: 'a' }], isDone: false, isHandledTwice: false },
  { what: 'an id that is handled', options: [{ id: 'a' }, { id: 'a' }], isDone: true, isHandledTwice: false },
  { what: 'another id', options: [{ id: 'a' }, { id: 'b' }], isDone: false, isHandledTwice: true },
  {
    what: 'a deduplication id that waits',
    options: [{ deduplicationId: 'd' }, { deduplicationId: 'd' }],
    isDone: false,
    isHandledTwice: false,
  },
  {
    what: 'a deduplication id that is handled',
    options: [{ deduplicationId: 'd' }, { deduplicationId: 'd' }],
    isDone: true,
    isHandledTwice: true,
  },
  {
    what: 'a deduplication id that is delayed',
    options: [{ deduplicationId: 'd', delayMs: 50 }, { deduplicationId: 'd' }],
    isDone: false,
    isHandledTwice: false,
  },
  {
    what: 'a deduplication id that waits, of another key',
    options: [{ deduplicationId: 'd' }, { deduplicationId: 'e' }],
    isDone: false,
    isHandledTwice: true,
  },
];

// There, one option means debounce, throttle or idempotency by how it is set, and the second caller learns nothing.
describe.each(QUEUED_MODES)('a message that is sent again, $name (taskforcesh/bullmq#3250)', (mode) => {
  it.each(OUTCOMES)('with $what: handled twice is $isHandledTwice, and each sender gets a result', async (outcome) => {
    const { handled, results } = await sendTwice(mode, outcome);
    expect(handled).toHaveLength(outcome.isHandledTwice ? 2 : 1);
    expect(new Set(results)).toEqual(new Set(handled));
    expect(results[0]).toBe(handled[0]);
  });
});

async function sendTwice(mode: Mode, { options, isDone }: Outcome) {
  const handled: string[] = [];
  const reindex = (_reindex: Reindex, { id }: HandlerContext) => {
    handled.push(`done ${id}`);
    return `done ${id}`;
  };
  const { app, dispatcher, queue = '' } = await startIn(mode, { providers: [commandHandler(Reindex, reindex)] });
  const queues = app.get(Queues);
  if (!isDone) await queues.pause(queue);
  const receipts = [await dispatcher.send(new Reindex(), options[0])];
  if (isDone) await receipts[0]?.result();
  receipts.push(await dispatcher.send(new Reindex(), options[1]));
  await queues.resume(queue);
  return { handled, results: await Promise.all(receipts.map((receipt) => receipt.result())) };
}

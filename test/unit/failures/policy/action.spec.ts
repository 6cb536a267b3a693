import { describe, expect, it } from '@jest/globals';

import { actionIn, type RunModeAction } from '../../../../lib/failures/policy/action.js';
import type { FailureAction } from '../../../../lib/failures/policy/failure.js';
import type { MessageKind } from '../../../../lib/message/message.js';
import { RunMode } from '../../../../lib/message/run-mode.js';

const KINDS: readonly MessageKind[] = ['command', 'query', 'event'];
const rethrow: RunModeAction = { action: 'rethrow' };
const retry: FailureAction = { action: 'retry', delayMs: 5, jitter: 'full' };
const discard: FailureAction = { action: 'discard', reason: 'old' };

/** Each action, and what the caller's turn makes of it for a command, a query and an event. */
const ACTIONS: readonly (readonly [
  FailureAction,
  command: RunModeAction,
  query: RunModeAction,
  event: RunModeAction,
])[] = [
  [retry, retry, retry, retry],
  [{ action: 'schedule', delayMs: 5, jitter: 'none' }, rethrow, rethrow, rethrow],
  [{ action: 'requeue' }, rethrow, rethrow, rethrow],
  [discard, rethrow, rethrow, discard],
  [{ action: 'deadLetter', place: undefined }, rethrow, rethrow, rethrow],
  [{ action: 'deadLetter', place: 'zombies' }, rethrow, rethrow, rethrow],
];
const PAUSED = ACTIONS.map(([action, ...expected]) => [{ ...action, pauseQueueMs: 60_000 }, ...expected] as const);

describe('an action', () => {
  it.each([...ACTIONS, ...PAUSED])('%j stays what it is behind a queue', (action) => {
    for (const messageKind of KINDS) expect(actionIn({ runMode: RunMode.Async, messageKind }, action)).toBe(action);
  });

  it.each([...ACTIONS, ...PAUSED])(
    "%j is carried out in the caller's turn as far as that goes",
    (action, ...expected) => {
      const left = KINDS.map((messageKind) => actionIn({ runMode: RunMode.Sync, messageKind }, action));
      expect(left).toEqual(expected);
    },
  );
});

import { RunMode } from '../../message/run-mode.js';
import type { DecidedAction, MessageRouting } from './decision-notifications.js';

/** Where something runs, and why, in words. */
export function routingText({
  runMode,
  queue,
  runModeBecauseOf,
  queueBecauseOf,
}: Pick<MessageRouting, 'runMode' | 'queue' | 'runModeBecauseOf' | 'queueBecauseOf'>): string {
  const place = queue === undefined ? '' : ` through the queue "${queue}" (because of ${queueBecauseOf})`;
  return `RunMode.${runMode === RunMode.Async ? 'Async' : 'Sync'} (because of ${runModeBecauseOf})${place}`;
}

/** What is done, in words. */
export function actionText({ action, delayMs, reason, place, pauseQueueMs }: DecidedAction): string {
  const said = {
    retry: `retry in ${delayMs} ms`,
    schedule: `schedule in ${delayMs} ms`,
    requeue: 'requeue',
    discard: `discard (${reason})`,
    deadLetter: place === undefined ? 'dead letter' : `dead letter at ${place}`,
    rethrow: 'the error goes on',
  }[action];
  return pauseQueueMs === undefined ? said : `${said} and pause the queue for ${pauseQueueMs} ms`;
}

import { describeValue } from '../../common/describe-value.js';
import { isTimeoutMs, MAX_TIMEOUT_MS } from '../../common/timeout.js';
import { RunMode } from '../../message/run-mode.js';
import { isPriority, MAX_PRIORITY } from '../../message/envelope.js';
import type { PublishOptions } from '../../message/message-context.js';

const KNOWN: Readonly<Record<keyof PublishOptions, true>> = {
  runMode: true,
  signal: true,
  timeoutMs: true,
  headers: true,
  correlationId: true,
  id: true,
  key: true,
  priority: true,
  context: true,
  queue: true,
  delayMs: true,
  at: true,
  deduplicationId: true,
  await: true,
};

/** Whether every name in an object is that of an option for sending. */
export function hasOnlySendOptions(value: object): boolean {
  return unknownNameIn(value) === undefined;
}

/** What is wrong with the options a message is sent with; undefined where nothing is. */
export function sendOptionsProblem(options: PublishOptions): string | undefined {
  const unknown = unknownNameIn(options);
  if (unknown !== undefined) return `the option "${unknown}" is unknown: there are ${Object.keys(KNOWN).join(', ')}`;
  const { timeoutMs, runMode } = options;
  if (timeoutMs !== undefined && !isTimeoutMs(timeoutMs)) return `timeoutMs is ${timeoutMs}, not a number from 0`;
  if (runMode !== undefined && runMode !== RunMode.Sync && runMode !== RunMode.Async) {
    return `runMode is ${JSON.stringify(runMode)}, not one of ${Object.values(RunMode).join(', ')}`;
  }
  return queueOptionsProblem(options);
}

function queueOptionsProblem({
  delayMs,
  at,
  key,
  priority,
  queue,
  deduplicationId,
}: PublishOptions): string | undefined {
  if (delayMs !== undefined && !isTimeoutMs(delayMs))
    return `delayMs is ${delayMs}, not a number from 0 to ${MAX_TIMEOUT_MS}`;
  if (at !== undefined && !isMoment(at)) return 'at is no valid Date within 24 days from now';
  if (at !== undefined && delayMs !== undefined) return 'delayMs and at say the same: give one of them';
  if (priority !== undefined && !isPriority(priority)) {
    return `priority is ${describeValue(priority)}, not 'high', 'normal', 'low' or a whole number from 1 to ${MAX_PRIORITY}`;
  }
  for (const [name, text] of Object.entries({ key, queue, deduplicationId })) {
    if (text !== undefined && (typeof text !== 'string' || text === ''))
      return `${name} is ${describeValue(text)}, not a text`;
  }
  return undefined;
}

function isMoment(value: unknown): boolean {
  return value instanceof Date && value.getTime() - Date.now() <= MAX_TIMEOUT_MS;
}

function unknownNameIn(value: object): string | undefined {
  for (const name in value) if (!(name in KNOWN)) return name;
  return undefined;
}

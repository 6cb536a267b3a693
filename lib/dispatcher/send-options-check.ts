import { isTimeoutMs } from '../common/timeout.js';
import { RunMode } from '../message/run-mode.js';
import type { PublishOptions } from '../message/message-context.js';

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
  return undefined;
}

function unknownNameIn(value: object): string | undefined {
  for (const name in value) if (!(name in KNOWN)) return name;
  return undefined;
}

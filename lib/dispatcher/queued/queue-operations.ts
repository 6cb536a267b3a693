import { describeValue } from '../../common/describe-value.js';
import { durationMs, type Duration } from '../../common/duration.js';
import { encodeValue, type CodecLimits } from '../../message/codec/json-codec.js';
import { Envelope, isPriority, type MessagePriority } from '../../message/envelope.js';
import type { MessageHeaders } from '../../message/headers.js';
import type { SendOptions } from '../../message/message-context.js';
import { classOf, nameOf } from '../../message/message.js';
import type { Receipt } from '../../message/receipt.js';
import { QueueNotConfiguredError } from '../../run-modes/errors.js';
import { writeEntryData } from '../../run-modes/queue/entry-data.js';
import { InvalidScheduleError } from '../../run-modes/queue/errors.js';
import type { QueueBackend, ScheduleState } from '../../run-modes/queue/queue-backend.port.js';
import { priorityOf } from '../../run-modes/queue/queued-run-mode.js';
import { InvalidSendOptionsError } from '../errors.js';
import { noMessageProblem } from '../admission/misplaced-message.js';
import { explain, kindOf, type Explanation, type ExplanationParts } from './explanation.js';

/** When a message is sent again and again: one of `every` and `cron`. */
export interface ScheduleOptions {
  /** Names the schedule in its queue: a schedule of the same id is replaced, so every instance may make it at its start. */
  readonly id: string;
  /** The time from one message to the next, such as `'30s'` or `'1h'`; the first is sent at once. */
  readonly every?: Duration;
  /** A cron expression of five fields, or six with seconds first. */
  readonly cron?: string;
  /** The IANA time zone `cron` is read in, such as `'Europe/Berlin'`. Default: that of the process that makes the schedule. */
  readonly tz?: string;
  /** Default: where the message goes otherwise. */
  readonly queue?: string;
  readonly priority?: MessagePriority;
  /** Headers of each message. */
  readonly headers?: MessageHeaders;
}

/** What the operations need; all of it lives as long as the application. */
export interface QueueOperationsParts extends ExplanationParts {
  readonly backend: QueueBackend | undefined;
  readonly limits: CodecLimits;
}

/** What can be asked of queues beside sending: receipts, explanations, schedules. */
export class QueueOperations {
  constructor(private readonly parts: QueueOperationsParts) {}

  /** @throws DISPATCH_NO_QUEUE, DISPATCH_INVALID_SEND_OPTIONS where the id is none of ours */
  receipt<R>(id: string): Receipt<R> {
    const { queues } = this.parts.queued;
    if (queues === undefined) throw new QueueNotConfiguredError(`the receipt ${id}`);
    const receipt = queues.runMode.receipt<R>(id);
    if (receipt !== undefined) return receipt;
    throw new InvalidSendOptionsError(
      'a receipt',
      `"${id}" is not the id of one: it looks like "<message id>@<queue>"`,
    );
  }

  explain(message: object, options: SendOptions | undefined): Explanation {
    return explain(message, options, this.parts);
  }

  /** @throws DISPATCH_NO_QUEUE, DISPATCH_INVALID_SCHEDULE, DISPATCH_INVALID_SEND_OPTIONS */
  async schedule(message: object, options: ScheduleOptions): Promise<ScheduleState> {
    const problem = noMessageProblem(message);
    if (problem !== undefined) throw new InvalidSendOptionsError(nameOf(message), problem);
    const backend = this.backend(nameOf(message));
    const every = scheduleInterval(options);
    const { id, cron, tz, queue, priority, headers } = options;
    const { routes, queued, limits } = this.parts;
    const target = classOf(message);
    const definition = routes.definition(target);
    const single = routes.single('command', target) ?? routes.single('query', target);
    const envelope = new Envelope(
      message,
      definition,
      single?.kind ?? kindOf(target),
      undefined,
      headers && { headers },
    );
    const placement = queued.placementOfSent(definition, single?.handler, queue === undefined ? undefined : { queue });
    const key = single?.handler.facts.key;
    const { to } = queued.way(envelope, { key, placement });
    return backend.schedule(to.queue, {
      id,
      every,
      cron,
      // The workers count the next time, wherever they run: so it is said where nobody has named one.
      tz: cron === undefined ? undefined : (tz ?? localTimeZone()),
      entry: {
        name: definition.name,
        // In the schedule itself, also where others are kept outside: it makes messages of it without end.
        data: writeEntryData(envelope, { payload: encodeValue(message, limits) }, { handler: key, isTemplate: true }),
        priority: priorityOf(priority ?? to.priority),
      },
    });
  }

  async schedules(): Promise<readonly ScheduleState[]> {
    const backend = this.backend('a list of schedules');
    const names = this.parts.queued.queues?.catalog.names ?? [];
    return (await Promise.all(names.map((name) => backend.schedules(name)))).flat();
  }

  async cancelSchedule(id: string): Promise<boolean> {
    const backend = this.backend(`the schedule ${id}`);
    const names = this.parts.queued.queues?.catalog.names ?? [];
    const found = await Promise.all(names.map((name) => backend.unschedule(name, id)));
    return found.includes(true);
  }

  private backend(what: string): QueueBackend {
    const { backend } = this.parts;
    if (backend === undefined) throw new QueueNotConfiguredError(what);
    return backend;
  }
}

const SCHEDULE_OPTIONS: Record<keyof ScheduleOptions, true> = {
  id: true,
  every: true,
  cron: true,
  tz: true,
  queue: true,
  priority: true,
  headers: true,
};

function scheduleInterval(options: ScheduleOptions): number | undefined {
  const { id, every, cron, tz, priority } = options;
  const unknown = Object.keys(options).find((name) => !(name in SCHEDULE_OPTIONS));
  if (unknown !== undefined) {
    const known = Object.keys(SCHEDULE_OPTIONS).join(', ');
    throw new InvalidScheduleError(id, `the option "${unknown}" is unknown: there are ${known}`);
  }
  if (typeof id !== 'string' || id === '') throw new InvalidScheduleError('', 'it needs an id, a text');
  if ((every === undefined) === (cron === undefined))
    throw new InvalidScheduleError(id, 'give one of "every" and "cron"');
  if (tz !== undefined && cron === undefined) throw new InvalidScheduleError(id, '"tz" belongs to "cron"');
  if (priority !== undefined && !isPriority(priority)) {
    const text = `"priority" is ${describeValue(priority)}, not 'high', 'normal', 'low' or a whole number from 1`;
    throw new InvalidScheduleError(id, text);
  }
  if (every === undefined) return undefined;
  const everyMs = durationMs(every);
  if (everyMs !== undefined && everyMs >= 1) return everyMs;
  throw new InvalidScheduleError(id, `"every" is ${JSON.stringify(every)}, not a duration such as '30s' or '1h'`);
}

function localTimeZone(): string {
  return new Intl.DateTimeFormat('en').resolvedOptions().timeZone;
}

import type { Measurement } from '../scenario.js';
import { orders, type OrderData } from './orders.js';
import type { QueueBackendName, QueueRound, QueueSide, RoundOptions } from './side.js';
import { processorClock, Tally, wallClock, type Clock } from './tally.js';

/** How many messages each scenario takes. A round of one takes a tenth of a second or more on either side. */
export interface Sizes {
  readonly sendInTurn: number;
  readonly sendAtOnce: number;
  readonly process: number;
  readonly processInTurn: number;
  readonly requestInTurn: number;
  readonly requestAtOnce: number;
  readonly keyed: number;
}

const SIZES: Readonly<Record<QueueBackendName, Sizes>> = {
  redis: {
    sendInTurn: 1000,
    sendAtOnce: 1000,
    process: 5000,
    processInTurn: 1500,
    requestInTurn: 400,
    requestAtOnce: 2000,
    keyed: 3000,
  },
  postgres: {
    sendInTurn: 300,
    sendAtOnce: 1000,
    process: 1500,
    processInTurn: 400,
    requestInTurn: 100,
    requestAtOnce: 600,
    keyed: 600,
  },
  memory: {
    sendInTurn: 5000,
    sendAtOnce: 1000,
    process: 9000,
    processInTurn: 9000,
    requestInTurn: 5000,
    requestAtOnce: 10_000,
    keyed: 9000,
  },
};

/** How many callers there are at once; when all have their answers, the next ones ask. */
const CALLERS = 200;
/** What this package keeps by default. */
const KEEP_COUNT = 100;
/** How many are sent before the time runs. */
const FIRST_COUNT = 20;
const KEYS = 20;
const CONCURRENCY = 50;
/** The numbers of lanes that keyed messages are measured with. */
export const LANES = [4, 8] as const;

/** The names of the scenarios, which say what is measured. */
export const NAMES = {
  sendInTurn: 'send, one by one',
  sendAtOnce: `send, ${SIZES.redis.sendAtOnce} at once`,
  sendBulk: 'send, in one call',
  process: `process, concurrency ${CONCURRENCY}`,
  processInTurn: 'process, concurrency 1',
  requestInTurn: 'request, one by one',
  requestAtOnce: `request, ${CALLERS} at a time`,
  keyed: (lanes: number) => `process, ${KEYS} keys, ${lanes} lanes`,
} as const;

/** One round of a scenario: how it opens its queue, and what of it is timed. */
interface Round {
  readonly name: string;
  /** How many messages it sends. */
  readonly count: number;
  /** How many of them are handled. */
  readonly handled: number;
  readonly options: Omit<RoundOptions, 'tally' | 'keepCount'>;
  run(queue: QueueRound, messages: readonly OrderData[], timing: Timing): Promise<Elapsed>;
}

interface Timing {
  readonly tally: Tally;
  readonly clock: Clock;
  readonly timed: (work: () => Promise<unknown>) => Promise<Elapsed>;
}

interface Elapsed {
  readonly elapsedMs: number;
  /** How many answers never came. Default 0. */
  readonly lostCount?: number;
}

/** The scenarios of one side. */
export function queueScenarios(side: QueueSide, backend: QueueBackendName, hasBulk: boolean): readonly Measurement[] {
  const sizes = SIZES[backend];
  // No server works for the in-memory queue, so there the time of other programs is left out.
  const clock = backend === 'memory' ? processorClock : wallClock;
  const rounds = [...sending(sizes), ...(hasBulk ? [bulk(sizes)] : []), ...processing(sizes), ...requests(sizes)];
  return rounds.map((round) => measurementOf(side, round, clock));
}

function measurementOf(side: QueueSide, { name, count, handled, options, run }: Round, clock: Clock): Measurement {
  const messages = orders(count);
  const timed: Timing['timed'] = async (work) => {
    const startedAtMs = clock();
    await work();
    return { elapsedMs: clock() - startedAtMs };
  };
  let askedCount = 0;
  let lostCount = 0;
  return {
    name,
    lostShare: () => (askedCount === 0 ? 0 : lostCount / askedCount),
    async measure() {
      const tally = new Tally(handled, clock);
      // BullMQ's waitUntilFinished may wait for ever for a job that is removed before it has begun to listen.
      const keepCount = options.hasRequests === true ? count : KEEP_COUNT;
      const queue = await side.open({ ...options, keepCount, tally });
      try {
        const { elapsedMs, lostCount: lost = 0 } = await run(queue, messages, { tally, clock, timed });
        tally.check(name);
        askedCount += count;
        lostCount += lost;
        return (elapsedMs * 1e6) / (count - lost);
      } finally {
        await queue.close();
      }
    },
  };
}

function sending({ sendInTurn, sendAtOnce }: Sizes): readonly Round[] {
  return [
    sendRound(NAMES.sendInTurn, sendInTurn, async (queue, messages) => {
      for (const message of messages) await queue.send(message);
    }),
    sendRound(NAMES.sendAtOnce, sendAtOnce, sendTogether),
  ];
}

function bulk({ sendAtOnce }: Sizes): Round {
  return sendRound(NAMES.sendBulk, sendAtOnce, async (queue, messages) => queue.sendBulk?.(messages));
}

/** Some are sent before the time runs, so that all connections are there that a side opens when it needs them. */
function sendRound(
  name: string,
  count: number,
  send: (queue: QueueRound, messages: readonly OrderData[]) => Promise<unknown>,
): Round {
  return {
    name,
    count,
    handled: 0,
    options: {},
    async run(queue, messages, { timed }) {
      await sendTogether(queue, messages.slice(0, FIRST_COUNT));
      return timed(() => send(queue, messages));
    },
  };
}

function sendTogether(queue: QueueRound, messages: readonly OrderData[]): Promise<unknown> {
  return Promise.all(messages.map((message) => queue.send(message)));
}

/** What waits is handled; the time runs from the first call of the handler to the last. */
function processing(sizes: Sizes): readonly Round[] {
  const unkeyed = (name: string, count: number, concurrency: number): Round => ({
    name,
    count,
    handled: count,
    options: { concurrency },
    async run(queue, messages, { tally }) {
      await sendTogether(queue, messages);
      await queue.work();
      return { elapsedMs: await tally.elapsedMs };
    },
  });
  const keyed = (lanes: number): Round => ({
    name: NAMES.keyed(lanes),
    count: sizes.keyed,
    handled: sizes.keyed,
    options: { concurrency: 1, lanes },
    async run(queue, messages, { tally }) {
      await Promise.all(messages.map((message, index) => queue.sendKeyed(message, `key-${index % KEYS}`)));
      await queue.work();
      return { elapsedMs: await tally.elapsedMs };
    },
  });
  return [
    unkeyed(NAMES.process, sizes.process, CONCURRENCY),
    unkeyed(NAMES.processInTurn, sizes.processInTurn, 1),
    ...LANES.map(keyed),
  ];
}

/** The worker is in the process of the callers. The time runs to the last answer that came. */
function requests({ requestInTurn, requestAtOnce }: Sizes): readonly Round[] {
  const asked = (name: string, count: number, atOnce: number): Round => ({
    name,
    count,
    handled: count,
    options: { concurrency: CONCURRENCY, hasRequests: true },
    async run(queue, messages, { clock }) {
      await queue.work();
      let elapsedMs = 0;
      let lostCount = 0;
      for (let start = 0; start < count; start += atOnce) {
        const startedAtMs = clock();
        let lastAtMs = startedAtMs;
        const ask = async (message: OrderData): Promise<void> => {
          if (await isAnswered(queue, message)) lastAtMs = clock();
          else lostCount += 1;
        };
        await Promise.all(messages.slice(start, start + atOnce).map(ask));
        elapsedMs += lastAtMs - startedAtMs;
      }
      return { elapsedMs, lostCount };
    },
  });
  return [asked(NAMES.requestInTurn, requestInTurn, 1), asked(NAMES.requestAtOnce, requestAtOnce, CALLERS)];
}

async function isAnswered(queue: QueueRound, message: OrderData): Promise<boolean> {
  const answer = await queue.request(message);
  if (answer !== undefined && answer.id !== message.id) {
    throw new Error(`The answer to ${message.id} is that to ${answer.id}`);
  }
  return answer !== undefined;
}

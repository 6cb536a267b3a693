import { RELAY_POINTS, type Point, type Strike } from './programs/strikes.js';
import { Random } from './random.js';

/** Messages that are sent one after the other, from 1, each named `<stream>-<number>`. */
export interface Stream {
  readonly name: string;
  /** The class of its messages, which is the handler that they meet. */
  readonly of: 'idempotent' | 'plain' | 'killer' | 'unheard';
  /** Whether its name is the key of its messages, which are handled in order then. */
  readonly isKeyed: boolean;
  readonly count: number;
  /** The numbers of those whose handler can never succeed. */
  readonly poison: readonly number[];
}

/** What is done to a process or to the store. */
export type Fault =
  /** A worker ends itself by SIGKILL at a point. */
  | ({ readonly kind: 'strike'; readonly target: number } & Strike)
  /** A worker is told to end by SIGTERM, and ends itself by SIGKILL while it drains. */
  | { readonly kind: 'drain'; readonly target: number; readonly afterMs: number }
  /** A worker is killed from outside, wherever it is. */
  | { readonly kind: 'kill'; readonly target: number; readonly afterMs: number }
  /** A sender is killed from outside, and another one goes on where it was. */
  | { readonly kind: 'sender'; readonly target: number; readonly afterMs: number }
  /** A worker is stopped by SIGSTOP, and goes on after more than twice the time it holds its messages. */
  | { readonly kind: 'stop'; readonly target: number; readonly afterMs: number }
  /** The store is killed and started again. */
  | { readonly kind: 'store'; readonly afterMs: number };

/** All that happens in one run; the same for the same seed and size. */
export interface Plan {
  readonly seed: number;
  readonly streams: readonly Stream[];
  /** One after the other, each in its share of the load. */
  readonly faults: readonly Fault[];
  /** For the worker that comes to the point first, whenever that is: what happens too rarely to be waited for. */
  readonly lurking: readonly Strike[];
}

/** How much happens. */
export interface PlanSize {
  /** About how many messages are sent. */
  readonly messageCount: number;
  /** Whether all faults are planned, or only some kills, for a run that must not take long. */
  readonly isFull: boolean;
  /** Whether messages go through an outbox that the workers relay. Default false. */
  readonly hasOutbox?: boolean;
}

/** Where a worker can be made to end itself, by a fault that is waited for. */
const WAITED_FOR: readonly Point[] = ['fetched', 'counted', 'handling', 'committed', 'settling'];
const KEYED_STREAMS = 8;
const FREE_STREAMS = 4;
/** How many messages of each stream can never be handled. */
const POISON_COUNT = 2;

/** Makes the plan of a seed. */
export function planOf(seed: number, { messageCount, isFull, hasOutbox = false }: PlanSize): Plan {
  const random = new Random(seed);
  const target = (): number => random.whole(0, 99);
  const soon = (): number => random.whole(0, 30);
  const points = hasOutbox ? [...RELAY_POINTS, ...WAITED_FOR] : WAITED_FOR;
  const strikes = points.map((point) => ({
    kind: 'strike' as const,
    target: target(),
    ...strikeAt(point, random.whole(1, 8), random),
  }));
  const others: readonly Fault[] = [
    { kind: 'drain', target: target(), afterMs: random.whole(0, 8) },
    { kind: 'kill', target: target(), afterMs: soon() },
    { kind: 'sender', target: target(), afterMs: soon() },
    { kind: 'stop', target: target(), afterMs: soon() },
    { kind: 'store', afterMs: soon() },
  ];
  const rare = [strikeAt('parking', random.whole(1, 3), random), strikeAt('counting', random.whole(1, 4), random)];
  const some = random.shuffled(strikes).slice(0, 2);
  return {
    seed,
    streams: streamsOf(random, messageCount, isFull),
    faults: isFull ? random.shuffled([...strikes, ...others]) : [],
    lurking: isFull ? rare : [...some.map(({ point, nth, afterMs }) => ({ point, nth, afterMs })), ...rare],
  };
}

/** The plan as it is printed. */
export function describePlan({ seed, streams, faults, lurking }: Plan): string {
  const total = streams.reduce((sum, { count }) => sum + count, 0);
  return [
    `seed ${seed}: ${total} messages in ${streams.length} streams`,
    ...faults.map((fault, index) => `${String(index + 1).padStart(3)}. ${describeFault(fault)}`),
    ...lurking.map((strike) => `  *  ${describeStrike('whichever worker is first', strike)}`),
  ].join('\n');
}

/** One fault as it is printed. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'strike':
      return describeStrike(`worker ${fault.target}`, fault);
    case 'drain':
      return `SIGTERM of worker ${fault.target}, SIGKILL ${fault.afterMs} ms into its drain`;
    case 'kill':
    case 'sender':
      return `SIGKILL of ${fault.kind === 'kill' ? 'worker' : 'sender'} ${fault.target} from outside after ${fault.afterMs} ms`;
    case 'stop':
      return `SIGSTOP of worker ${fault.target} after ${fault.afterMs} ms, SIGCONT when its lease is over`;
    case 'store':
      return `SIGKILL of the store after ${fault.afterMs} ms, and a restart`;
  }
}

function describeStrike(whom: string, { point, nth, afterMs }: Strike): string {
  return `SIGKILL of ${whom} at "${point}", time ${nth}${afterMs === 0 ? '' : `, ${afterMs} ms later`}`;
}

/** What the store is asked for takes a while: a later moment is in the midst of it. */
function strikeAt(point: Point, nth: number, random: Random): Strike {
  const isAtStore = point === 'settling' || point === 'parking' || point === 'relaying';
  const afterMs = random.whole(0, 3);
  return { point, nth, afterMs: isAtStore ? afterMs : 0 };
}

function streamsOf(random: Random, messageCount: number, isFull: boolean): readonly Stream[] {
  const share = Math.ceil(messageCount / (KEYED_STREAMS + FREE_STREAMS));
  const stream = (name: string, index: number, isKeyed: boolean): Stream => ({
    name: `${name}${index}`,
    of: index % 2 === 0 ? 'idempotent' : 'plain',
    isKeyed,
    count: share,
    poison: Array.from({ length: POISON_COUNT }, () => random.whole(1, share)),
  });
  const special = (of: 'killer' | 'unheard', count: number): Stream => ({
    name: of,
    of,
    isKeyed: false,
    count,
    poison: Array.from({ length: count }, (_, index) => index + 1),
  });
  return [
    ...Array.from({ length: KEYED_STREAMS }, (_, index) => stream('key', index, true)),
    ...Array.from({ length: FREE_STREAMS }, (_, index) => stream('free', index, false)),
    special('unheard', 3),
    ...(isFull ? [special('killer', 1)] : []),
  ];
}

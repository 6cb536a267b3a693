import { Inject, Injectable } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import {
  Command,
  CommandHandler,
  DeadLetters,
  inMemoryDeadLetters,
  Message,
  Queues,
  type DeadLetter,
  type DeadLetterFilter,
  type HandlerContext,
  type QueueOptions,
  type QueuesOptions,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { newQueue, QUEUED_MODES, SHARED_MODES, startIn, type Mode, type ModeApplication } from './modes.js';

/** What happened in the application, and what is to happen in its handlers. */
@Injectable()
class Line {
  readonly log: string[] = [];
  /** Steps that fail. */
  readonly broken = new Set<string>();
  /** Steps that wait. */
  readonly held = new Set<string>();
}

@Message('sequenced.step')
class Step extends Command<string> {
  @IsString() readonly step: string;

  constructor(step: string) {
    super();
    this.step = step;
  }
}

@CommandHandler(Step)
class StepHandler {
  constructor(@Inject(Line) private readonly line: Line) {}

  async execute({ step }: Step, { signal }: HandlerContext): Promise<string> {
    const { log, broken, held } = this.line;
    log.push(`${step}?`);
    while (held.has(step) && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 2));
    signal.throwIfAborted();
    if (broken.has(step)) throw new Error(`${step} is broken`);
    log.push(step);
    return step;
  }

  onFailed({ step }: Step): void {
    this.line.log.push(`${step}!`);
  }
}

interface Sequenced extends ModeApplication {
  readonly queue: string;
  readonly letters: DeadLetters;
  readonly line: Line;
  /** The steps that are parked, in no order: several may be in the same millisecond. */
  parked(filter?: DeadLetterFilter): Promise<string[]>;
  letter(step: string): Promise<DeadLetter>;
  /** Sends steps of a key, one after the other. */
  send(key: string | undefined, ...steps: readonly string[]): Promise<void>;
  /** Waits until so many are parked, and nothing is left to do. */
  rests(parked: number): Promise<void>;
}

async function startSequenced(
  mode: Mode,
  { queue = newQueue(), ...settings }: QueueOptions & { queue?: string } = {},
): Promise<Sequenced> {
  const providers = [Line, StepHandler];
  const options = { drainTimeoutMs: 20 };
  const application = await startIn(mode, { providers, queue, options, settings: { sequenced: true, ...settings } });
  const { app, dispatcher } = application;
  const letters = app.get(DeadLetters);
  const all = async (filter: DeadLetterFilter = {}): Promise<readonly DeadLetter[]> =>
    (await letters.list({ queue, ...filter })).letters;
  return {
    ...application,
    queue,
    letters,
    line: app.get(Line),
    parked: async (filter) => (await all(filter)).map(stepOf),
    letter: async (step) => {
      const found = (await all()).find((letter) => stepOf(letter) === step);
      if (found === undefined) throw new Error(`${step} is not parked`);
      return found;
    },
    send: async (key, ...steps) => {
      for (const step of steps) await dispatcher.send(new Step(step), key === undefined ? {} : { key });
    },
    rests: (count) => until(`${count} to be parked`, async () => (await letters.count({ queue })) === count),
  };
}

function stepOf({ message }: DeadLetter): string {
  return String((message?.payload as Partial<Step> | undefined)?.step);
}

/** Steps that are parked behind the first of them, which is mended then. */
async function parkedLine(mode: Mode, ...steps: readonly string[]): Promise<Sequenced> {
  const application = await startSequenced(mode);
  const { line, send, rests } = application;
  line.broken.add(steps[0] ?? '');
  await send('k', ...steps);
  await rests(steps.length);
  line.broken.clear();
  line.log.length = 0;
  return application;
}

describe.each(QUEUED_MODES)('a sequenced queue: $name', (mode) => {
  it('parks the later messages of a parked key unhandled, tells who waits, and handles the others', async () => {
    const { dispatcher, line, send, rests, parked, letter } = await startSequenced(mode);
    line.broken.add('a');
    await send('k', 'a', 'b');
    const told = await rejectionOf(dispatcher.execute(new Step('c'), { key: 'k', timeoutMs: 10_000 }));
    expect(told).toMatchObject({ code: 'DISPATCH_PARKED_BEHIND' });
    expect(await dispatcher.execute(new Step('other'), { key: 'l', timeoutMs: 10_000 })).toBe('other');
    expect(await dispatcher.execute(new Step('free'), { timeoutMs: 10_000 })).toBe('free');
    await rests(3);
    expect((await parked()).toSorted()).toEqual(['a', 'b', 'c']);
    expect(line.log).toEqual(['a?', 'a!', 'other?', 'other', 'free?', 'free']);
    const { error, place, handler, message } = await letter('b');
    expect({ code: error.code, place, handler, key: message?.key }).toEqual({
      code: 'DISPATCH_PARKED_BEHIND',
      place: 'failed',
      handler: 'StepHandler',
      key: 'k',
    });
    expect((await letter('a')).error.code).toBeUndefined();
  });

  it('replays a key in order, one after the other, and is free for the next one then', async () => {
    const steps = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { dispatcher, queue, letters, line, rests } = await parkedLine(mode, ...steps);
    const report = await letters.replay({ key: 'k', queue });
    expect(report).toMatchObject({ matched: 6, replayed: 1, following: 5, failed: 0, errors: [] });
    await until('all to be handled', () => line.log.length === 12);
    expect(line.log).toEqual(steps.flatMap((step) => [`${step}?`, step]));
    await rests(0);
    expect(await dispatcher.execute(new Step('g'), { key: 'k', timeoutMs: 10_000 })).toBe('g');
  });

  it('follows a head that is replayed alone; one that fails for good stops the others, as the head', async () => {
    const { letters, line, letter, parked, rests, send } = await parkedLine(mode, 'a', 'b', 'c');
    line.broken.add('b');
    expect(await letters.replay((await letter('a')).id)).toMatchObject({ replayed: 1, failed: 0 });
    await until('the second to fail', () => line.log.includes('b!'));
    await rests(2);
    await send('k', 'd');
    await rests(3);
    expect(line.log).toEqual(['a?', 'a', 'b?', 'b!']);
    expect((await parked({ code: 'DISPATCH_PARKED_BEHIND' })).toSorted()).toEqual(['c', 'd']);
    line.broken.clear();
    await letters.replay((await letter('b')).id);
    await rests(0);
    await until('the rest to be handled', () => line.log.at(-1) === 'd');
    expect(line.log.slice(4)).toEqual(['b?', 'b', 'c?', 'c', 'd?', 'd']);
  });

  it('fails again at the head, again and again, and keeps the others behind it', async () => {
    const { letters, line, letter, parked, rests } = await parkedLine(mode, 'a', 'b');
    line.broken.add('a');
    for (let times = 1; times <= 3; times++) {
      await letters.replay((await letter('a')).id);
      await until('it to fail', () => line.log.length === times * 2);
      await rests(2);
    }
    expect(line.log).toEqual(['a?', 'a!', 'a?', 'a!', 'a?', 'a!']);
    expect(await parked({ code: 'DISPATCH_PARKED_BEHIND' })).toEqual(['b']);
  });

  it('refuses to replay one that is not the head, which stays', async () => {
    const { letters, line, letter, parked } = await parkedLine(mode, 'a', 'b', 'c');
    const [head, second] = [await letter('a'), await letter('b')];
    const report = await letters.replay(second.id);
    expect(report).toMatchObject({ replayed: 0, following: 0, failed: 1 });
    const error = { code: 'DISPATCH_DEAD_LETTER_BEHIND', letterId: second.id, headId: head.id };
    expect(report.errors).toMatchObject([{ id: second.id, error }]);
    expect(await letters.replay({ code: 'DISPATCH_PARKED_BEHIND' })).toMatchObject({ replayed: 0, failed: 2 });
    expect((await parked()).toSorted()).toEqual(['a', 'b', 'c']);
    expect(line.log).toEqual([]);
  });

  it('makes the next one the head where the head is discarded, and frees the key with the last', async () => {
    const { dispatcher, letters, line, letter, rests, send } = await parkedLine(mode, 'a', 'b', 'c');
    await letters.discard((await letter('a')).id, { reason: 'a test' });
    await send('k', 'd');
    await rests(3);
    expect(line.log).toEqual([]);
    expect(await letters.replay((await letter('c')).id)).toMatchObject({ replayed: 0, failed: 1 });
    await letters.discard((await letter('c')).id, { reason: 'a test' });
    await letters.replay((await letter('b')).id);
    await until('what is left to be handled', () => line.log.length === 4);
    expect(line.log).toEqual(['b?', 'b', 'd?', 'd']);
    await rests(0);
    line.broken.add('e');
    await send('k', 'e', 'f');
    await rests(2);
    await letters.discard({ key: 'k' }, { reason: 'a test' });
    expect(await dispatcher.execute(new Step('g'), { key: 'k', timeoutMs: 10_000 })).toBe('g');
  });

  it('lets messages that come while a replay runs come last', async () => {
    const { letters, line, letter, send, rests } = await parkedLine(mode, 'a', 'b', 'c');
    line.held.add('a');
    await letters.replay((await letter('a')).id);
    await until('the first to run', () => line.log.length === 1);
    await send('k', 'd', 'e');
    line.held.clear();
    await until('all to be handled', () => line.log.length === 10);
    expect(line.log.filter((entry) => entry.length === 1)).toEqual(['a', 'b', 'c', 'd', 'e']);
    await rests(0);
  });

  it('follows also where the head ends in another way than being handled', async () => {
    const { letters, line, letter, rests } = await parkedLine(mode, 'a', 'b');
    const edit = { payload: { step: 7 } };
    await letters.replay((await letter('a')).id, { edit });
    await until('the next to be handled', () => line.log.includes('b'));
    expect(line.log).not.toContain('a');
    await rests(1);
    expect((await letters.list({})).letters[0]?.place).not.toBe('failed');
  });

  it('keeps back nothing where it is not set', async () => {
    const { line, send, rests } = await startSequenced(mode, { sequenced: false });
    line.broken.add('a');
    await send('k', 'a', 'b');
    await until('the second to be handled', () => line.log.includes('b'));
    await rests(1);
    expect(line.log).toEqual(['a?', 'a!', 'b?', 'b']);
  });
});

describe.each(SHARED_MODES)('a sequenced queue that processes share: $name', (mode) => {
  it('goes on in order in another process where one is closed in the midst of a replay', async () => {
    const { app, queue, letters, line, letter } = await parkedLine(mode, 'a', 'b', 'c');
    line.held.add('b');
    await letters.replay((await letter('a')).id);
    await until('the second to run', () => line.log.includes('b?'));
    const other = await startSequenced(mode, { queue });
    await app.close();
    await until('the others to be handled there', () => other.line.log.length === 4);
    expect(line.log).toEqual(['a?', 'a', 'b?']);
    expect(other.line.log).toEqual(['b?', 'b', 'c?', 'c']);
    await other.rests(0);
  });
});

describe('a sequenced queue', () => {
  const [memory] = QUEUED_MODES;

  it('is refused beside a store of dead letters, wherever it is asked for', async () => {
    const options = { deadLetters: { store: inMemoryDeadLetters() } };
    const start = (queues: QueuesOptions): Promise<ModeApplication> =>
      startIn(memory as Mode, { providers: [Line, StepHandler], options: { ...options, queues } });
    const text = 'which is sequenced, but "deadLetters" has a "store"';
    const both = await rejectionOf(start({ defaults: { sequenced: true }, each: { a: { sequenced: true }, b: {} } }));
    expect(both).toMatchObject({ message: expect.stringContaining(`"defaults", ${text}`) });
    expect(both).toMatchObject({ message: expect.stringContaining(`the queue "a", ${text}`) });
    const { app } = await start({});
    const later = app.get(Queues).ensure('later', { sequenced: true });
    expect(await rejectionOf(later)).toMatchObject({ code: 'DISPATCH_INVALID_QUEUE_OPTIONS' });
  });
});

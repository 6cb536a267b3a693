import type { JournalLine } from '../../../processes/journal.js';
import { disorderIn } from '../../../processes/order.js';
import type { SceneEvent } from './application.js';

/** What the journal says of one message. */
interface Story {
  /** The processes whose handlers started, in order. */
  readonly startedBy: string[];
  done: number;
  failed: number;
  aborted: number;
}

/** What is known at the end of a scene. */
export interface Evidence {
  readonly lines: readonly JournalLine<SceneEvent>[];
  readonly acknowledged: ReadonlySet<string>;
  readonly parked: ReadonlySet<string>;
  /** Of processes that nobody ended. */
  readonly crashes: readonly string[];
}

/** What a scene promises to repeat at most. */
export interface RepeatLimits {
  /** The processes that a fault concerned: only what they have started may be delivered again. */
  readonly by: readonly string[];
  /** How many deliveries there may be beyond one for each message and one for each failure of its handler. */
  readonly redeliveries: number;
  /** How many effects may be had again. */
  readonly effects: number;
}

/** What a scene came to. */
export class Findings {
  /** The messages that were delivered again for another reason than a failure of their handler. */
  readonly redelivered: readonly string[];
  private readonly stories: ReadonlyMap<string, Story>;
  private readonly disordered: readonly string[];
  private readonly lost: readonly string[];

  constructor(private readonly evidence: Evidence) {
    const { lines, acknowledged, parked } = evidence;
    this.stories = storiesOf(lines);
    this.disordered = disorderIn(lines).map(
      ({ line, latest }) => `${line.id} started at ${line.by} when ${line.key}-${latest} was the latest`,
    );
    this.lost = [...acknowledged].filter((id) => (this.stories.get(id)?.done ?? 0) === 0 && !parked.has(id));
    this.redelivered = [...this.stories].filter(([, story]) => redeliveriesOf(story) > 0).map(([id]) => id);
  }

  /** How many effects were had again. */
  get repeatedEffects(): number {
    return this.sum(({ done }) => Math.max(0, done - 1));
  }

  /** The promises that were broken, and then a table of everything; nothing where all were kept. */
  problems({ by, redeliveries, effects }: RepeatLimits): readonly string[] {
    const others = this.redelivered.filter((id) => !this.stories.get(id)?.startedBy.some((name) => by.includes(name)));
    const problems = [
      ...this.lost.map((id) => `${id} was acknowledged, and is neither handled nor parked`),
      ...this.disordered,
      ...this.evidence.crashes,
      ...others.map((id) => `${id} was delivered again, and no fault concerned it`),
    ];
    const redelivered = this.sum(redeliveriesOf);
    if (redelivered > redeliveries) problems.push(`${redelivered} redeliveries are more than ${redeliveries}`);
    if (this.repeatedEffects > effects)
      problems.push(`${this.repeatedEffects} repeated effects are more than ${effects}`);
    return problems.length === 0 ? [] : [...problems, this.table()];
  }

  /** Everything in numbers, for people. */
  table(): string {
    const rows: Record<string, number> = {
      acknowledged: this.evidence.acknowledged.size,
      lost: this.lost.length,
      parked: this.evidence.parked.size,
      'starts of handlers': this.sum(({ startedBy }) => startedBy.length),
      effects: this.sum(({ done }) => done),
      'failed attempts': this.sum(({ failed }) => failed),
      'aborted attempts': this.sum(({ aborted }) => aborted),
      redeliveries: this.sum(redeliveriesOf),
      'repeated effects': this.repeatedEffects,
      'out of order': this.disordered.length,
    };
    return Object.entries(rows)
      .map(([name, count]) => `${name.padEnd(20)}${String(count).padStart(6)}`)
      .join('\n');
  }

  private sum(count: (story: Story) => number): number {
    return [...this.stories.values()].reduce((total, story) => total + count(story), 0);
  }
}

function redeliveriesOf({ startedBy, failed }: Story): number {
  return Math.max(0, startedBy.length - failed - 1);
}

/** What is told of a process, or of those who send. */
type AsideEvent = 'ready' | 'enqueued' | 'asked' | 'replayed';

const ASIDE: ReadonlySet<SceneEvent> = new Set<AsideEvent>(['ready', 'enqueued', 'asked', 'replayed']);

function isAside(event: SceneEvent): event is AsideEvent {
  return ASIDE.has(event);
}

function storiesOf(lines: readonly JournalLine<SceneEvent>[]): Map<string, Story> {
  const stories = new Map<string, Story>();
  for (const { id, event, by } of lines) {
    if (isAside(event)) continue;
    const story = stories.get(id) ?? { startedBy: [], done: 0, failed: 0, aborted: 0 };
    stories.set(id, story);
    if (event === 'started') story.startedBy.push(by);
    else story[event] += 1;
  }
  return stories;
}

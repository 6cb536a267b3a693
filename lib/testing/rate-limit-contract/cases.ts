import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { RateLimitClaim, RateLimitStore } from '../../pipeline/resilience/rate-limit/rate-limit-store.port.js';

/** One expectation on every store. */
interface RateLimitBenchCase {
  readonly title: string;
  /** Throws where the expectation is broken. */
  run(bench: RateLimitBench): Promise<void>;
}

/** Longer than any case takes, in milliseconds. */
const LONG_MS = 60_000;

/** What a case works with: two stores that count together, and a key nobody else uses. */
export class RateLimitBench {
  readonly key = `contract-${randomUUID()}`;

  private constructor(
    readonly store: RateLimitStore,
    /** That of another process, where the store is shared; otherwise the same. */
    readonly other: RateLimitStore,
  ) {}

  static async open(make: () => RateLimitStore | Promise<RateLimitStore>): Promise<RateLimitBench> {
    const store = await make();
    return new RateLimitBench(store, store.isShared ? await make() : store);
  }

  async close(): Promise<void> {
    await Promise.all([...new Set([this.store, this.other])].map((store) => store.close?.()));
  }

  take(given: Partial<RateLimitClaim> = {}, store = this.store): Promise<number> {
    return store.take({ key: this.key, max: 3, durationMs: LONG_MS, comesAgainWithinMs: 0, ...given });
  }

  /** Asks so many times, one after the other, of both stores in turn. */
  async times(count: number, given: Partial<RateLimitClaim> = {}): Promise<number[]> {
    const answers: number[] = [];
    for (let index = 0; index < count; index++) {
      answers.push(await this.take(given, index % 2 === 0 ? this.store : this.other));
    }
    return answers;
  }
}

function assertBetween(value: number, min: number, max: number): void {
  assert.ok(value >= min && value <= max, `${value} is not from ${min} to ${max}`);
}

/** How calls are counted. */
export const RATE_LIMIT_CASES: readonly RateLimitBenchCase[] = [
  {
    title: 'lets as many through at once as the limit says, and tells the next one when there is room again',
    async run(bench) {
      const [first, second, third, fourth = 0] = await bench.times(4);
      assert.deepEqual([first, second, third], [0, 0, 0]);
      assertBetween(fourth, 1, LONG_MS / 3);
    },
  },
  {
    title: 'lets one through when it was told to come, and the next one not before its own time',
    async run(bench) {
      const limit = { max: 2, durationMs: 400 };
      await bench.times(2, limit);
      const waitMs = await bench.take(limit);
      assertBetween(waitMs, 1, 200);
      await new Promise((resolve) => {
        setTimeout(resolve, waitMs + 2);
      });
      assert.equal(await bench.take(limit), 0);
      assertBetween(await bench.take(limit, bench.other), 1, 200);
    },
  },
  {
    title: 'lets no more than the limit through of a hundred that ask at once',
    async run(bench) {
      const all = Array.from({ length: 100 }, (_, index) =>
        bench.take({ max: 10 }, index % 2 === 0 ? bench.store : bench.other),
      );
      const answers = await Promise.all(all);
      assert.equal(answers.filter((answer) => answer === 0).length, 10);
      assert.ok(answers.every((answer) => answer === 0 || answer >= 1));
    },
  },
  {
    title: 'counts nothing for those it sends away',
    async run(bench) {
      await bench.times(3);
      const [first = 0, ...later] = await bench.times(20);
      assertBetween(Math.min(...later), 1, first);
      assert.ok(Math.max(...later) <= first, 'the wait grew');
    },
  },
  {
    title: 'spreads those that come again, one for each that there will be room for',
    async run(bench) {
      await bench.times(3);
      const stepMs = LONG_MS / 3;
      const waits = await bench.times(4, { comesAgainWithinMs: LONG_MS * 10 });
      waits.forEach((waitMs, index) => assertBetween(waitMs, stepMs * index + 1, stepMs * (index + 1)));
      assertBetween(await bench.take(), 1, stepMs);
    },
  },
  {
    title: 'is not held up by those that do not come again as late as they are told to',
    async run(bench) {
      await bench.times(3);
      const stepMs = LONG_MS / 3;
      const told = await bench.times(30, { comesAgainWithinMs: stepMs * 1.5 });
      assertBetween(Math.max(...told), 1, stepMs * 3);
      assertBetween(await bench.take({ comesAgainWithinMs: LONG_MS * 10 }), 1, stepMs * 3);
    },
  },
  {
    title: 'tells keys apart that look alike, of any alphabet and of 4 000 characters',
    async run(bench) {
      const ends = ['', ' ', 'é', 'e\u0301', '🦊', '{a}', '\u0000', 'x'.repeat(4000), `${'x'.repeat(3999)}y`];
      for (const end of ends) {
        const claim = { key: bench.key + end, max: 1 };
        assert.equal(await bench.take(claim), 0, JSON.stringify(end));
        assert.notEqual(await bench.take(claim, bench.other), 0, JSON.stringify(end));
      }
    },
  },
  {
    title: 'counts a limit of many calls in a short time, and of one in a long time',
    async run(bench) {
      const many = { key: `${bench.key}-many`, max: 100_000, durationMs: LONG_MS };
      assert.deepEqual(new Set(await bench.times(50, many)), new Set([0]));
      const rare = { key: `${bench.key}-rare`, max: 1, durationMs: 2_147_483_647 };
      const [first, second = 0] = await bench.times(2, rare);
      assert.equal(first, 0);
      assertBetween(second, 2_147_483_647 - LONG_MS, 2_147_483_647);
    },
  },
];

import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Post extends Command {
  constructor(
    readonly account: string,
    readonly number: number,
  ) {
    super();
  }
}

const accounts = ['ada', 'bob', 'cleo', 'dan'];
const numbers = Array.from({ length: 12 }, (_, index) => index + 1);

// There, groups are what is paid for: in the open-source queue two workers handle two messages of one account at once.
describe.each(SHARED_MODES)('messages with keys, $name (taskforcesh/bullmq#1510)', (mode) => {
  it('are handled one at a time and in order per key, with several keys at once, by two workers', async () => {
    const posted = new Map<string, number[]>(accounts.map((account) => [account, []]));
    const running = new Set<string>();
    const overlaps: string[] = [];
    let most = 0;
    const post = async ({ account, number }: Post) => {
      if (running.has(account)) overlaps.push(account);
      running.add(account);
      most = Math.max(most, running.size);
      // The later it was sent, the quicker: whatever is handled at once would overtake.
      await setTimeout(20 - number);
      running.delete(account);
      posted.get(account)?.push(number);
    };
    const setup = {
      queue: newQueue(),
      settings: { lanes: 16, concurrency: 10 },
      providers: [commandHandler(Post, post)],
    };
    const [{ dispatcher }] = await Promise.all([startIn(mode, setup), startIn(mode, setup)]);
    const sending = numbers.flatMap((number) =>
      accounts.map((account) => dispatcher.execute(new Post(account, number), { key: account })),
    );
    await Promise.all(sending);
    expect(overlaps).toEqual([]);
    expect([...posted.values()]).toEqual(accounts.map(() => numbers));
    expect(most).toBeGreaterThan(1);
  });
});

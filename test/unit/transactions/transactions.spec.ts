import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import {
  inMemoryTransactions,
  type MemoryTransaction,
} from '../../../lib/transactions/memory/in-memory-transactions.js';
import { Transactions } from '../../../lib/transactions/transactions.js';

const reported: unknown[] = [];
const make = () => new Transactions<MemoryTransaction>(inMemoryTransactions(), (error) => reported.push(error));
const write = (made: string[], what: string) => ({ apply: () => void made.push(what) });

describe('work in a transaction', () => {
  it('is committed as a whole when it resolves, and seen by nobody before', async () => {
    const [transactions, made] = [make(), [] as string[]];
    const result = await transactions.run(async ({ client }) => {
      client.add(write(made, 'first'));
      await turn();
      client.add(write(made, 'second'));
      expect(made).toEqual([]);
      return 'done';
    });
    expect(result).toBe('done');
    expect(made).toEqual(['first', 'second']);
  });

  it('leaves nothing behind when it rejects, and the next one works', async () => {
    const [transactions, made] = [make(), [] as string[]];
    const failing = transactions.run(({ client }) => {
      client.add(write(made, 'lost'));
      return Promise.reject(new Error('no'));
    });
    await expect(failing).rejects.toThrow('no');
    await transactions.run(({ client }) => Promise.resolve(client.add(write(made, 'next'))));
    expect(made).toEqual(['next']);
  });

  it('leaves nothing behind when one of its writes cannot be made at the commit', async () => {
    const [transactions, made] = [make(), [] as string[]];
    const failing = transactions.run(({ client }) => {
      client.add(write(made, 'first'));
      client.add({
        check: () => {
          throw new Error('somebody was first');
        },
        apply: () => void made.push('second'),
        drop: () => void made.push('dropped'),
      });
      return Promise.resolve();
    });
    await expect(failing).rejects.toThrow('somebody was first');
    expect(made).toEqual(['dropped']);
  });

  it('joins the transaction that the caller is in, however deep', async () => {
    const [transactions, made] = [make(), [] as string[]];
    await transactions.run(async (outer) => {
      await turn();
      await transactions.run(async (inner) => {
        expect(inner).toBe(outer);
        inner.client.add(write(made, 'inner'));
        await turn();
      });
      expect(made).toEqual([]);
    });
    expect(made).toEqual(['inner']);
  });

  it('is rolled back where work that joined failed, also where its error was caught', async () => {
    const [transactions, made] = [make(), [] as string[]];
    const cause = new Error('inner');
    const doomed = transactions.run(async ({ client }) => {
      client.add(write(made, 'outer'));
      await transactions.run(() => Promise.reject(cause)).catch(() => undefined);
    });
    await expect(doomed).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTION_DOOMED', cause });
    expect(made).toEqual([]);
  });

  it('is apart from that of others who work at the same time', async () => {
    const transactions = make();
    const both = ['a', 'b'].map((name) =>
      transactions.run(async (own) => {
        await turn();
        expect(transactions.current).toBe(own);
        return name;
      }),
    );
    expect(await Promise.all(both)).toEqual(['a', 'b']);
    expect(transactions.current).toBeUndefined();
  });

  it('is not the current one any more for what it left running', async () => {
    const transactions = make();
    let late: Promise<unknown> = Promise.resolve();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    await transactions.run(async (own) => {
      late = ended.then(() => [transactions.current, own]);
      await turn();
    });
    end();
    expect(await late).toEqual([undefined, expect.objectContaining({ isOver: true })]);
  });

  it('needs the option "transactions"', async () => {
    const none = new Transactions(undefined, () => undefined);
    await expect(none.run(() => Promise.resolve())).rejects.toMatchObject({
      code: 'DISPATCH_TRANSACTIONS_NOT_CONFIGURED',
    });
  });
});

describe('hooks of a transaction', () => {
  it('run before the commit inside of it, one after the other, also those added by others', async () => {
    const [transactions, told] = [make(), [] as string[]];
    await transactions.run((transaction) => {
      transaction.beforeCommit(async () => {
        await turn();
        told.push('first');
        transaction.beforeCommit(() => void told.push(`third, inside: ${transactions.current === transaction}`));
      });
      transaction.beforeCommit(() => void told.push('second'));
      transaction.client.add({ apply: () => void told.push('commit') });
      return Promise.resolve();
    });
    expect(told).toEqual(['first', 'second', 'third, inside: true', 'commit']);
  });

  it('roll it back where one before the commit fails', async () => {
    const [transactions, made] = [make(), [] as string[]];
    const failing = transactions.run((transaction) => {
      transaction.client.add(write(made, 'lost'));
      transaction.beforeCommit(() => Promise.reject(new Error('not allowed')));
      transaction.afterCommit(() => void made.push('committed'));
      transaction.afterRollback(() => void made.push('rolled back'));
      return Promise.resolve();
    });
    await expect(failing).rejects.toThrow('not allowed');
    expect(made).toEqual(['rolled back']);
  });

  it('run after the commit outside of it; their errors are reported and change nothing', async () => {
    const [transactions, told] = [make(), [] as unknown[]];
    reported.length = 0;
    const result = await transactions.run((transaction) => {
      transaction.afterCommit(() => Promise.reject(new Error('mail server')));
      transaction.afterCommit(() => void told.push(transactions.current));
      transaction.afterRollback(() => void told.push('rolled back'));
      return Promise.resolve(1);
    });
    expect(result).toBe(1);
    expect(told).toEqual([undefined]);
    expect(reported).toEqual([expect.objectContaining({ message: 'mail server' })]);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'run, or are refused, where one is added %i microtasks late by work left running',
    async (late) => {
      const transactions = make();
      let became = 'taken and not run';
      await transactions.run(async (transaction) => {
        const leftRunning = async (): Promise<void> => {
          for (let index = 0; index < late; index += 1) await undefined;
          transaction.beforeCommit(() => void (became = 'run'));
        };
        leftRunning().catch(() => (became = 'refused'));
      });
      await turn();
      expect(became).toMatch(/^(run|refused)$/);
    },
  );

  it('are refused once its work has ended', async () => {
    const transactions = make();
    const over = await transactions.run((transaction) => Promise.resolve(transaction));
    for (const add of ['beforeCommit', 'afterCommit', 'afterRollback'] as const) {
      expect(() => over[add](() => undefined)).toThrow(expect.objectContaining({ code: 'DISPATCH_TRANSACTION_OVER' }));
    }
  });
});

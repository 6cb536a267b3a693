import { describe, expect, it } from '@jest/globals';

import { SettledPosition, type Look } from '../../../../lib/integrations/postgres/event-store/settled-position.js';

/** Answers one question after the other with what is given, and then with the last for ever. */
function answering(...looks: readonly Look[]) {
  let count = 0;
  const settled = new SettledPosition(() =>
    Promise.resolve(looks[Math.min((count += 1), looks.length) - 1] ?? NOTHING),
  );
  return { settled, count: () => count };
}

const NOTHING: Look = { position: 0, writers: [] };

describe('the settled position', () => {
  it('is what one look finds where nobody is writing', async () => {
    const { settled, count } = answering({ position: 7, writers: [] });
    expect(await settled.advance()).toBe(7);
    expect(count()).toBe(1);
  });

  it('is what a look found whose writers are over, whoever has begun meanwhile', async () => {
    const { settled, count } = answering({ position: 7, writers: ['1/1', '2/4'] }, { position: 9, writers: ['1/2'] });
    expect(await settled.advance()).toBe(7);
    expect(count()).toBe(2);
  });

  it('stays where it is while one of the writers is at work, and asks six times at most', async () => {
    const { settled, count } = answering({ position: 7, writers: ['1/1'] }, { position: 9, writers: ['1/1', '1/2'] });
    expect(await settled.advance()).toBe(0);
    expect(count()).toBe(6);
  });

  it('comes on when the writer of an earlier question is over, and on to what has been appended since', async () => {
    const { settled, count } = answering(
      ...Array.from({ length: 6 }, () => ({ position: 7, writers: ['1/1'] })),
      { position: 9, writers: ['2/1'] },
      { position: 11, writers: ['3/1'] },
    );
    await settled.advance();
    expect(await settled.advance()).toBe(9);
    expect(count()).toBe(8);
  });

  it('never falls, also where a holder of a lock has a lower one', async () => {
    const { settled } = answering({ position: 7, writers: [] }, { position: 3, writers: [] });
    await settled.advance();
    expect(await settled.advance()).toBe(7);
  });

  it('is not told by a question that began before the writers did and is answered late', async () => {
    const answers: ((look: Look) => void)[] = [];
    const settled = new SettledPosition(() => new Promise((resolve) => answers.push(resolve)));
    const [early, late] = [settled.advance(), settled.advance()];
    // The second question is answered first: by then somebody has written position 5, and 4 is not committed.
    answers[1]?.({ position: 5, writers: ['1/1'] });
    await Promise.resolve();
    answers[0]?.({ position: 3, writers: [] });
    expect(await early).toBe(3);
    expect(settled.position).toBe(3);
    for (const isLast of [false, true]) {
      while (answers.length < (isLast ? 4 : 3)) await new Promise((resolve) => setImmediate(resolve));
      answers.at(-1)?.({ position: 5, writers: isLast ? [] : ['1/1'] });
    }
    expect(await late).toBe(5);
  });
});

describe('those who are writing', () => {
  it('are waited for, and nobody else is', async () => {
    const { settled } = answering(
      { position: 7, writers: ['1/1', '2/1'] },
      { position: 7, writers: ['2/1', '3/1'] },
      { position: 7, writers: ['3/1'] },
    );
    expect(await settled.writersEnd(10_000)).toBe(true);
  });

  it('are given up on when the time is over', async () => {
    const { settled } = answering({ position: 7, writers: ['1/1'] });
    expect(await settled.writersEnd(5)).toBe(false);
  });
});

import { describe, expect, it } from '@jest/globals';

import { JobAlarm } from '../../../../lib/integrations/bullmq/postgres/listening/job-alarm.js';

/** Longer than any test waits. */
const LONG_MS = 600_000;

/** A question that the test answers. */
interface Question {
  resolve(nextAt: number | undefined): void;
  reject(error: Error): void;
}

/** An alarm whose questions are answered by the test. */
function played(): { readonly alarm: JobAlarm; readonly questions: readonly Question[] } {
  const questions: Question[] = [];
  const ask = (): Promise<number | undefined> => new Promise((resolve, reject) => questions.push({ resolve, reject }));
  return { alarm: new JobAlarm(ask), questions };
}

describe('the wait of a worker on Postgres for its next job', () => {
  it('can be ended though the question of the wait before is answered in its midst', async () => {
    for (const late of [0, Date.now() + 1000, undefined]) {
      const { alarm, questions } = played();
      const first = alarm.wait(LONG_MS);
      alarm.ring();
      expect(await first).toBe(true);
      const second = alarm.wait(LONG_MS);
      questions[0]?.resolve(late);
      // Answers are looked at in the next turn.
      await new Promise((resolve) => setImmediate(resolve));
      alarm.ring();
      expect(await second).toBe(true);
    }
  });

  it('does not fail by the question of the wait before', async () => {
    const { alarm, questions } = played();
    const first = alarm.wait(LONG_MS);
    alarm.ring();
    await first;
    const second = alarm.wait(LONG_MS);
    questions[0]?.reject(new Error('the server is gone'));
    questions[1]?.resolve(0);
    expect(await second).toBe(true);
  });

  it('fails where it cannot be asked whether there is a job, and the next one does not', async () => {
    const { alarm, questions } = played();
    const first = alarm.wait(LONG_MS);
    questions[0]?.reject(new Error('the server is gone'));
    await expect(first).rejects.toThrow('the server is gone');
    const second = alarm.wait(LONG_MS);
    questions[1]?.resolve(0);
    expect(await second).toBe(true);
  });

  it('ends when a job is due, and after its time', async () => {
    const { alarm, questions } = played();
    const due = alarm.wait(LONG_MS);
    questions[0]?.resolve(Date.now() + 5);
    expect(await due).toBe(false);
    expect(await alarm.wait(5)).toBe(false);
  });
});

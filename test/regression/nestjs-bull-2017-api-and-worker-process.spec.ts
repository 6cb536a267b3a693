import { afterEach, describe, expect, it } from '@jest/globals';
import { Command } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn, type Mode } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { until } from '../unit/run-modes/queued-application.js';

class Render extends Command {}

afterEach(() => {
  delete process.env['DISPATCH_ROLE'];
});

/** The one code base of an application; each of its processes says who it is. */
async function startProcess(mode: Mode, name: string, queue: string, role: string, handledBy: string[]) {
  process.env['DISPATCH_ROLE'] = role;
  const application = await startIn(mode, { queue, providers: [commandHandler(Render, () => handledBy.push(name))] });
  delete process.env['DISPATCH_ROLE'];
  return application;
}

// There, whoever can send to a queue works on it too, unless the code differs.
describe.each(SHARED_MODES)('one code base as API and as worker, $name (nestjs/bull#2017)', (mode) => {
  it('handles nothing in a process whose environment says "send"', async () => {
    const queue = newQueue();
    const handledBy: string[] = [];
    const api = await startProcess(mode, 'api', queue, 'send', handledBy);
    const receipts = await Promise.all(Array.from({ length: 5 }, () => api.dispatcher.send(new Render())));
    expect(await receipts[0]?.status()).toBe('waiting');
    await startProcess(mode, 'worker', queue, 'work', handledBy);
    await until('the worker', () => handledBy.length === 5);
    expect(handledBy).toEqual(Array.from({ length: 5 }, () => 'worker'));
  });
});

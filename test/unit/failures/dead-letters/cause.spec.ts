import { describe, expect, it } from '@jest/globals';

import { causeOf } from '../../../../lib/failures/dead-letters/cause.js';

const stackAt = (...frames: readonly string[]) =>
  ['BankError: no', ...frames.map((frame) => `    at ${frame}`)].join('\n');
const causeAt = (frame: string, name = 'BankError', message = 'cards.charge') =>
  causeOf({ name, stack: stackAt('node:internal/x:1:2', frame, 'other (/app/dist/other.js:1:1)') }, message).cause;

const cause = causeAt('Bank.charge (/app/dist/bank.js:10:3)');

describe('the cause of a dead letter', () => {
  it.each([
    ['in another folder', 'Bank.charge (/srv/shop/dist/bank.js:10:3)'],
    ['in a folder with a space', 'Bank.charge (/my shop/dist/bank.js:10:3)'],
    ['in another line', 'Bank.charge (/app/dist/bank.js:11:5)'],
    ['as a URL', 'Bank.charge (file:///app/dist/bank.js:10:3)'],
    ['asynchronous', 'async Bank.charge (/app/dist/bank.js:10:3)'],
    ['of the folder that the process runs in', `Bank.charge (${process.cwd()}/dist/bank.js:10:3)`],
  ])('is the same for the same place %s', (_where, frame) => {
    expect(causeAt(frame)).toBe(cause);
  });

  it.each([
    ['another function', 'Bank.refund (/app/dist/bank.js:10:3)'],
    ['another file', 'Bank.charge (/app/dist/till.js:10:3)'],
    ['a file of the same name elsewhere', 'Bank.charge (/app/dist/old/bank.js:10:3)'],
    ['no function', '/app/dist/bank.js:10:3'],
  ])('is another one for %s', (_what, frame) => {
    expect(causeAt(frame)).not.toBe(cause);
  });

  it('is another one for another error, another message, and no stack', () => {
    const frame = 'Bank.charge (/app/dist/bank.js:10:3)';
    const causes = [causeAt(frame), causeAt(frame, 'Other'), causeAt(frame, 'BankError', 'cards.close')];
    expect(new Set([...causes, causeOf({ name: 'BankError', stack: undefined }, 'cards.charge').cause]).size).toBe(4);
  });

  it('has the frame as one can find it from the folder the process runs in', () => {
    const { frame } = causeOf({ name: 'E', stack: stackAt(`f (file://${process.cwd()}/src/bank.ts:10:3)`) }, 'm');
    expect(frame).toBe('f (src/bank.ts:10:3)');
  });
});

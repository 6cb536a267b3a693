import { describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { DeadLettersHttpModule, inMemoryQueue, type DeadLetter } from 'nestjs-dispatch';

import { until } from '../../unit/run-modes/queued-application.js';
import { QUEUED_MODES } from '../run-modes/modes.js';
import { ChargeCard, parkCharges } from './charges.js';
import { startHttp } from './http-application.js';

class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>().headers['x-key'] === 'open';
  }
}

const http = DeadLettersHttpModule.forRoot({ guards: [KeyGuard] });
/** Objects inside each other. */
const deep = (levels: number): object => (levels === 0 ? {} : { inner: deep(levels - 1) });
const idOf = (letter: DeadLetter | undefined) => encodeURIComponent(letter?.id ?? '');

describe.each(QUEUED_MODES)('the routes for dead letters, $name', ({ queue }) => {
  it('list them page by page and by filter, sensitive fields masked', async () => {
    const application = await startHttp(queue(), http);
    const [first, second] = await parkCharges(application, 'one', 'two');
    const page = await application.ask('GET', '?limit=1');
    expect(page).toMatchObject({ status: 200, body: { letters: [{ id: second?.id }], next: expect.any(String) } });
    expect(JSON.stringify(page)).not.toContain('pin of');
    const { next } = page.body as { next: string };
    const rest = await application.ask('GET', `?limit=1&after=${encodeURIComponent(next)}`);
    expect(rest.body).toMatchObject({ letters: [{ id: first?.id }] });
    const found = await application.ask('GET', '?text=about%20ONE&message=cards.*&parkedAfter=1h');
    expect(found.body).toMatchObject({ letters: [{ id: first?.id, message: { payload: { pin: '[redacted]' } } }] });
    expect((await application.ask('GET', '?parkedBefore=2020-01-01')).body).toEqual({ letters: [] });
  });

  it('group them and show one', async () => {
    const application = await startHttp(queue(), http);
    const [letter] = await parkCharges(application, 'one', 'two');
    const groups = await application.ask('GET', '/groups?message=cards.charge');
    expect(groups).toMatchObject({ status: 200, body: [{ cause: letter?.cause, count: 2, error: 'BankError' }] });
    const shown = await application.ask('GET', `/${idOf(letter)}`);
    expect(shown).toMatchObject({
      ...{ status: 200, body: { id: letter?.id, message: { payload: { card: 'one', pin: '[redacted]' } } } },
    });
  });

  it('replay one with an edit, what was masked put back', async () => {
    const application = await startHttp(queue(), http);
    const [letter] = await parkCharges(application, 'one');
    application.bank.isUp = true;
    const payload = { card: 'one', pin: '[redacted]', amount: 3 };
    const edit = { headers: { tenant: null, user: 'ada' }, payload };
    const answer = await application.ask('POST', `/${idOf(letter)}/replay`, { edit });
    expect(answer).toMatchObject({ status: 200, body: { matched: 1, replayed: 1, failed: 0, errors: [] } });
    await until('the charge', () => application.bank.charged.length === 1);
    expect(application.bank.charged).toEqual([{ card: 'one', amount: 3, pin: 'pin of one', tenant: undefined }]);
    expect(await application.ask('POST', `/${idOf(letter)}/replay`, {})).toMatchObject({ status: 404 });
  });

  it('replay those of a filter: first dry, then at a rate', async () => {
    const application = await startHttp(queue(), http);
    const [letter] = await parkCharges(application, 'one', 'two', 'three');
    application.bank.isUp = true;
    const filter = { cause: letter?.cause, parkedAfter: '2020-01-01' };
    const dry = await application.ask('POST', '/replay', { filter, dryRun: true });
    expect(dry).toMatchObject({ status: 200, body: { matched: 3, replayed: 0, isDryRun: true } });
    const done = await application.ask('POST', '/replay', { filter, ratePerSecond: 100, limit: 2 });
    expect(done).toMatchObject({ status: 200, body: { matched: 3, replayed: 2, failed: 0 } });
    await until('two charges', () => application.bank.charged.length === 2);
    expect((await application.ask('POST', '/replay', { filter: {} })).body).toMatchObject({ replayed: 1 });
  });

  it('discard one, those of a filter, and those that are too old', async () => {
    const application = await startHttp(queue(), http);
    const [one] = await parkCharges(application, 'one', 'two', 'three');
    const first = await application.ask('POST', `/${idOf(one)}/discard`, { reason: 'a test' });
    expect(first).toMatchObject({ status: 200, body: { discarded: 1 } });
    expect(await application.ask('POST', `/${idOf(one)}/discard`, { reason: 'a test' })).toMatchObject({ status: 404 });
    const filter = { text: 'about two' };
    const second = await application.ask('POST', '/discard', { filter, reason: 'a test', dryRun: false });
    expect(second).toMatchObject({ status: 200, body: { matched: 1, discarded: 1 } });
    expect((await application.ask('DELETE', '?olderThan=1h')).body).toMatchObject({ matched: 0, discarded: 0 });
    const dry = await application.ask('DELETE', '?olderThan=0ms&dryRun=true&message=cards.*');
    expect(dry).toMatchObject({ status: 200, body: { matched: 1, discarded: 0, isDryRun: true } });
    expect((await application.ask('DELETE', '?olderThan=0ms')).body).toMatchObject({ discarded: 1 });
    expect(await application.letters.count()).toBe(0);
  });

  it('answer 409 where somebody else has replayed the letter at the same time', async () => {
    const application = await startHttp(queue(), http);
    const [letter] = await parkCharges(application, 'one');
    // Found, and gone before it can be replayed.
    const { letters } = application;
    const get = letters.get.bind(letters);
    letters.get = async (id) => {
      const found = await get(id);
      if (found !== undefined) await application.ask('DELETE', '?olderThan=0ms');
      return found;
    };
    const answer = await application.ask('POST', `/${idOf(letter)}/replay`, {});
    expect(answer).toMatchObject({ status: 409, body: { code: 'DISPATCH_DEAD_LETTER_GONE' } });
  });
});

describe('a letter that is not the first of its key', () => {
  it('is answered with 409, and counted as following where the first is replayed too', async () => {
    const application = await startHttp(inMemoryQueue(), http, undefined, {}, { sequenced: true });
    const { ask, dispatcher, letters } = application;
    for (const card of ['one', 'two']) await dispatcher.send(new ChargeCard(card), { key: 'k' });
    await until('both to be parked', async () => (await letters.count()) === 2);
    const [second] = (await letters.list({ code: 'DISPATCH_PARKED_BEHIND' })).letters;
    const refused = await ask('POST', `/${idOf(second)}/replay`, {});
    expect(refused).toMatchObject({ status: 409, body: { code: 'DISPATCH_DEAD_LETTER_BEHIND' } });
    const report = await ask('POST', '/replay', { filter: { key: 'k' } });
    expect(report).toMatchObject({ status: 200, body: { matched: 2, replayed: 1, following: 1, failed: 0 } });
  });
});

describe('a request that is not understood', () => {
  it.each<[string, string, unknown, string]>([
    ['GET', '?limit=many', undefined, 'the query has limit "many", not a number'],
    ['GET', '?limit=0', undefined, 'not a whole number from 1 to 1000'],
    ['GET', '?limit=1&limit=2', undefined, 'the query has limit an array, not a number'],
    ['GET', '?queue=a&queue=b', undefined, 'the query has queue an array, not a text, given once'],
    ['GET', '?queue=', undefined, 'not a text'],
    ['GET', '?colour=red', undefined, 'the query has the unknown name "colour": there are queue,'],
    ['GET', '?place=nowhere', undefined, 'there are failed, unreadable, unhandled, invalid'],
    ['GET', '?parkedAfter=yesterday', undefined, 'not a date such as 2026-01-31'],
    ['GET', '?after=x', undefined, 'not the "next" of a page'],
    ['GET', '/groups?limit=1', undefined, 'the query has the unknown name "limit"'],
    ['POST', '/replay', {}, 'the body has no filter; {} means every letter'],
    ['POST', '/replay', { filter: 'all' }, 'the body has filter "all", not an object'],
    ['POST', '/replay', { filter: { colour: 'red' } }, 'the filter has the unknown name "colour"'],
    ['POST', '/replay', { filter: {}, dryRun: 'perhaps' }, 'the body has dryRun "perhaps", not true or false'],
    ['POST', '/replay', { filter: {}, ratePerSecond: 0 }, '"ratePerSecond" is 0, not a number above 0'],
    ['POST', '/replay', { filter: {}, edit: {} }, 'the body has the unknown name "edit"'],
    ['POST', '/replay', [], 'the body is an array, not an object'],
    ['POST', '/discard', { filter: {} }, 'the body has no reason; say why'],
    ['POST', '/discard', { filter: {}, reason: '' }, 'the body has reason "", not a text'],
    ['POST', '/1/discard', {}, 'the body has no reason; say why'],
    ['POST', '/1/replay', { edit: 'x' }, 'the body has edit "x", not an object'],
    ['POST', '/1/replay', { edit: { body: {} } }, 'edit has the unknown name "body": there are headers, payload'],
    ['DELETE', '', undefined, 'the query has olderThan undefined, not a length of time'],
    ['DELETE', '?olderThan=30', undefined, 'the query has olderThan "30", not a length of time'],
  ])('is answered with 400 and what is wrong: %s %s %j', async (method, route, body, problem) => {
    const { ask } = await startHttp(inMemoryQueue(), http);
    const answer = await ask(method, route, body);
    expect(answer).toEqual({
      status: 400,
      body: {
        statusCode: 400,
        code: 'DISPATCH_INVALID_DEAD_LETTER_QUERY',
        message: 'The request is not understood.',
        problems: expect.arrayContaining([expect.stringContaining(problem)]),
      },
    });
  });

  it('is answered with all that is wrong with it', async () => {
    const { ask } = await startHttp(inMemoryQueue(), http);
    const { body } = await ask('POST', '/discard', { filter: { a: 1, b: 2 }, dryRun: 'x', c: 3 });
    expect(body).toMatchObject({ problems: { length: 5 } });
  });

  it.each([
    ['headers that are no texts', { headers: { tenant: 7 } }, 400],
    ['a mask where nothing is stored', { payload: { cvc: '[redacted]' } }, 400],
    ['no message at all (DISPATCH_DEAD_LETTER_NOT_REPLAYABLE)', { payload: ['one'] }, 422],
    ['what cannot be stored (DISPATCH_DEAD_LETTER_NOT_REPLAYABLE)', { payload: deep(70) }, 422],
  ])('with an edit of %s is answered as such, and nothing is replayed', async (_what, edit, status) => {
    const application = await startHttp(inMemoryQueue(), http);
    const [letter] = await parkCharges(application, 'one');
    expect(await application.ask('POST', `/${idOf(letter)}/replay`, { edit })).toMatchObject({ status });
    expect(await application.letters.count()).toBe(1);
  });

  it.each([
    ['GET', '/nobody', undefined],
    ['POST', '/nobody/replay', {}],
    ['POST', '/nobody/replay', undefined],
    ['POST', '/nobody/discard', { reason: 'x' }],
  ])('is answered with 404 for an unknown id: %s %s %j', async (method, route, body) => {
    const { ask } = await startHttp(inMemoryQueue(), http);
    expect(await ask(method, route, body)).toMatchObject({ status: 404, body: { code: 'DISPATCH_DEAD_LETTER_GONE' } });
  });
});

it('the answer is 503 where nothing keeps dead letters', async () => {
  const { ask } = await startHttp(undefined, http);
  expect(await ask('GET', '')).toMatchObject({ status: 503, body: { code: 'DISPATCH_NO_QUEUE' } });
});

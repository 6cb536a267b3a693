import { describe, expect, it } from '@jest/globals';
import type { CanActivate } from '@nestjs/common';
import { DeadLettersHttpModule, memoryClaimCheck, type ClaimCheckStore } from 'nestjs-dispatch';

import { until } from '../../unit/run-modes/queued-application.js';
import { QUEUED_MODES } from '../run-modes/modes.js';
import { parkCharges } from './charges.js';
import { startHttp } from './http-application.js';

class Everybody implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

const http = DeadLettersHttpModule.forRoot({ guards: [Everybody] });

/** An application that keeps every payload outside of its queue, with one letter. */
async function startParked(queue: (typeof QUEUED_MODES)[number]['queue'], store: ClaimCheckStore) {
  const application = await startHttp(queue(), http, undefined, { claimCheck: { store, thresholdBytes: 0 } });
  const [letter] = await parkCharges(application, 'one');
  const claim = letter?.message?.claim?.id ?? '';
  return { ...application, route: `/${encodeURIComponent(letter?.id ?? '')}`, claim };
}

describe.each(QUEUED_MODES)('the routes for a dead letter with its payload elsewhere, $name', ({ queue }) => {
  it('show the payload, masked, and put what was masked back from where it is kept', async () => {
    const { ask, route, bank } = await startParked(queue, memoryClaimCheck());
    const shown = await ask('GET', route);
    const payload = { card: 'one', pin: '[redacted]' };
    expect(shown).toMatchObject({ status: 200, body: { message: { payload, claim: { state: 'read' } } } });
    expect((await ask('GET', '')).body).toMatchObject({ letters: [{ message: { claim: { state: 'notRead' } } }] });
    bank.isUp = true;
    const edit = { payload: { ...payload, amount: 7 } };
    expect(await ask('POST', `${route}/replay`, { edit })).toMatchObject({ status: 200, body: { replayed: 1 } });
    await until('the charge', () => bank.charged.length === 1);
    expect(bank.charged).toMatchObject([{ card: 'one', amount: 7, pin: 'pin of one' }]);
  });

  it('refuse an edit whose masked fields are gone, and take one that is whole', async () => {
    const store = memoryClaimCheck();
    const { ask, route, bank, claim } = await startParked(queue, store);
    await store.remove(claim);
    expect((await ask('GET', route)).body).toMatchObject({ message: { claim: { state: 'gone' } } });
    bank.isUp = true;
    const payload = { card: 'one', pin: '[redacted]', amount: 7 };
    expect(await ask('POST', `${route}/replay`, { edit: { payload } })).toMatchObject({ status: 400 });
    const edit = { payload: { ...payload, pin: '1234' } };
    expect(await ask('POST', `${route}/replay`, { edit })).toMatchObject({ status: 200, body: { replayed: 1 } });
    await until('the charge', () => bank.charged.length === 1);
    expect(bank.charged).toMatchObject([{ pin: '1234' }]);
  });
});

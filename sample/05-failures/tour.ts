import type { DeadLetterGroup, DeadLetterPage } from 'nestjs-dispatch';

import type { Bank } from './bank.js';
import { commandLine } from './command-line.js';

/** What the tour needs of the application. */
export interface Inside {
  readonly url: string;
  readonly bank: Bank;
  /** Resolves when no message waits, runs or is to be tried again. */
  settled(): Promise<void>;
}

const INVOICES = [
  { invoice: 'i-1', cents: 1200, iban: 'A1' },
  { invoice: 'i-2', cents: 800, iban: 'B2' },
  { invoice: 'i-3', cents: 500, iban: 'X3' },
  { invoice: 'i-4', cents: 700, iban: 'N4' },
  { invoice: 'i-5', cents: 900, iban: 'N5' },
  { invoice: 'i-6', cents: 300, iban: 'N6' },
  { invoice: 'i-7', cents: -450, iban: 'A7' },
];
const ADMIN = { 'x-admin': 'yes' };

/** Pays invoices of which some fail, each in its way, and then takes care of what was given up on. */
export async function tour({ url, bank, settled }: Inside): Promise<void> {
  const ask = async (method: string, path: string, sent?: object, headers: Readonly<Record<string, string>> = {}) => {
    const type = { 'content-type': 'application/json' };
    const answer = await fetch(url + path, {
      method,
      headers: { ...headers, ...(sent && type) },
      ...(sent && { body: JSON.stringify(sent) }),
    });
    const body: unknown = await answer.json();
    return { status: answer.status, body };
  };
  const tellTransfers = (): void => console.log(`  transfers made: ${bank.transferCount}`);

  heading('Seven invoices are to be paid');
  for (const invoice of INVOICES) await ask('POST', '/invoices/later', invoice);
  await settled();
  tellTransfers();
  console.log('  of the others one was discarded, since its account is closed; the rest is in dead letters');

  heading('The command line groups them by cause');
  const groups = JSON.parse(await commandLine('dead-letters', 'groups', '--json')) as DeadLetterGroup[];
  for (const { count, message, error } of groups) console.log(`  ${count} x ${error} of ${message}`);

  heading('The bank is up again: those that failed because of it are replayed, at most 50 in a second');
  bank.isNorthUp = true;
  const args = ['replay', '--label', 'bank', '--rate', '50', '--yes'];
  console.log(`  > dead-letters ${args.join(' ')}\n  < ${await commandLine('dead-letters', ...args)}`);
  await settled();
  tellTransfers();

  heading('The last one is a mistake in the message: an administrator mends it over HTTP');
  console.log(`  without the guard's consent: ${(await ask('GET', '/admin/dead-letters')).status}`);
  const { letters } = (await ask('GET', '/admin/dead-letters', undefined, ADMIN)).body as DeadLetterPage;
  const [letter] = letters;
  console.log(`  ${letter?.error.name}: ${letter?.error.message}`);
  const shown = letter?.message?.payload as Readonly<Record<string, unknown>>;
  console.log(`  invoice ${String(shown['invoice'])}, cents ${String(shown['cents'])}, iban ${String(shown['iban'])}`);
  const payload = { ...shown, cents: 450 };
  const replay = `/admin/dead-letters/${letter?.id}/replay`;
  const { status } = await ask('POST', replay, { edit: { payload } }, ADMIN);
  await settled();
  console.log(`  replayed with 450 cents: ${status}`);
  tellTransfers();

  heading('An invoice that comes again is answered with its first transfer');
  const [first] = INVOICES;
  console.log(`  ${JSON.stringify((await ask('POST', '/invoices', first)).body)}`);
  tellTransfers();

  heading('Nothing is left');
  const left = JSON.parse(await commandLine('dead-letters', 'list', '--json')) as DeadLetterPage;
  console.log(`  dead letters: ${left.letters.length}`);
}

function heading(text: string): void {
  console.log(`\n${text}`);
}

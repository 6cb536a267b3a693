import type { EventLog, Projections } from 'nestjs-dispatch';

import type { Changed } from './orders/commands.js';
import type { Summary } from './summaries/queries.js';

/** What the tour needs of the application. */
export interface Inside {
  readonly url: string;
  readonly log: EventLog;
  readonly projections: Projections;
}

/** Makes HTTP requests to the application, and prints each with its answer. */
export async function tour({ url, log, projections }: Inside): Promise<void> {
  const ask = async (method: string, path: string, sent?: object, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(url + path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(sent && { body: JSON.stringify(sent) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const tell = async (...request: Parameters<typeof ask>) => {
    const [method, path, sent] = request;
    console.log(`  > ${method} ${path}${sent === undefined ? '' : ` ${JSON.stringify(sent)}`}`);
    const answer = await ask(...request);
    console.log(`  < ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const summaries = async (position: number): Promise<void> => {
    const { body } = await ask('GET', `/orders?after=${position}`);
    for (const { id, customer, cents, currency, lines } of body as readonly Summary[]) {
      console.log(`  ${id}: ${customer}, ${cents} ${currency} cents, ${lines} lines`);
    }
  };

  heading('An order of the last release is there; its event has no currency, and is read as one of today');
  await summaries(1);

  heading('An order is placed; whoever asks for its position sees it at once');
  const placed = (await tell('POST', '/orders', { customer: 'bob', cents: 1200 })) as Changed;
  await summaries(placed.position);

  heading('One that is too large fails, and its number is not lost: both were one transaction');
  await tell('POST', '/orders', { customer: 'eve', cents: 200_000 });
  await tell('POST', '/orders', { customer: 'eve', cents: 300 });

  heading('Two clients have seen version 1 and change it at once: one of them is told to look again');
  const line = { article: 'cup', cents: 800 };
  const path = `/orders/${placed.orderId}/lines`;
  const both = await Promise.all([1, 2].map(() => ask('POST', path, line, { 'if-match': '1' })));
  const statuses = both.map(({ status }) => status).toSorted((one, other) => one - other);
  console.log(`  < ${statuses.join(' and ')}`);

  heading('Eight more come at once without a version: each is decided on the state as it is then');
  const many = await Promise.all(Array.from({ length: 8 }, () => ask('POST', path, { article: 'tea', cents: 450 })));
  const versions = many.map(({ body }) => (body as Changed).version).toSorted((one, other) => one - other);
  console.log(`  versions ${versions.join(', ')}`);
  const position = Math.max(...many.map(({ body }) => (body as Changed).position));
  await summaries(position);

  heading('The read model is built anew beside the old one, from the first event on, and then takes its place');
  const before = await projections.active('order-summary');
  await projections.rebuild('order-summary');
  console.log(`  ${before} -> ${await projections.active('order-summary')}`);
  await summaries(position);

  heading('What is true is in the store');
  for await (const { name, schemaVersion, version } of log.readStream('order-7')) {
    console.log(`  order-7 ${version}: ${name}, read as version ${schemaVersion}`);
  }
}

function heading(text: string): void {
  console.log(`\n${text}`);
}

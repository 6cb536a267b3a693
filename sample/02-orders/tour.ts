/** What the tour is told by the application. */
export interface Inside {
  /** Resolves when nothing is left to do. */
  settled(): Promise<unknown>;
  /** What has happened since the last call. */
  take(): readonly string[];
}

/** Makes HTTP requests to the application, one after the other, and prints each with its answer and what it set off. */
export async function tour(url: string, inside: Inside): Promise<void> {
  const visitor = new Visitor(url, inside);
  const lines = [{ article: 'tea', quantity: 2, priceCents: 450 }];

  heading('An order is placed; its mail fails, which harms nobody');
  await visitor.post('/orders', { customer: 'ada', lines });

  heading('It is paid, and a saga ships it');
  await visitor.post('/orders/order-1/payment');
  await visitor.get('/orders/order-1');

  heading('An order that breaks the rules of its class does not reach its handler');
  await visitor.post('/orders', { customer: '', lines: [{ article: 'tea', quantity: 0, priceCents: 450 }] });

  heading('What a handler throws is the answer: here a conflict, there an order that is not known');
  await visitor.post('/orders/order-1/payment');
  await visitor.post('/orders/order-7/payment');

  heading('The next good order is as good as any');
  await visitor.post('/orders', {
    customer: 'bob',
    lines: [...lines, { article: 'cup', quantity: 1, priceCents: 1200 }],
  });
  await visitor.get('/orders/sales');
}

class Visitor {
  constructor(
    private readonly url: string,
    private readonly inside: Inside,
  ) {}

  get(path: string): Promise<void> {
    return this.request('GET', path);
  }

  post(path: string, body: object = {}): Promise<void> {
    return this.request('POST', path, { 'content-type': 'application/json', 'x-user': 'eve' }, JSON.stringify(body));
  }

  private async request(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<void> {
    console.log(`  > ${method} ${path}${body === '' ? '' : ` ${body}`}`);
    const response = await fetch(this.url + path, { method, headers, ...(body !== '' && { body }) });
    console.log(`  < ${response.status} ${await response.text()}`);
    await this.inside.settled();
    for (const line of this.inside.take()) console.log(`    ${line}`);
  }
}

function heading(text: string): void {
  console.log(`\n${text}`);
}

import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';

import { MAX_WEBHOOK_BYTES, WEBHOOK_SECRET } from '../settings.js';

/** The versions of GitHub's interface that `@octokit/webhooks-examples` has payloads of. */
const API_VERSIONS = ['api.github.com', 'ghes-31', 'ghes-32', 'ghes-33', 'ghes-34', 'ghes-35'];

/** What is wrong with a delivery, if anything. */
export type DeliveryKind = 'genuine' | 'tampered with' | 'cut short' | 'of no source' | 'too large' | 'unheard of';

/** One HTTP request that is to be made. */
export interface Delivery {
  readonly kind: DeliveryKind;
  /** The key the server should find; undefined where it should not come that far. */
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Payload = Readonly<Record<string, unknown>>;

interface ExampleEvent {
  readonly name: string;
  readonly examples: readonly Payload[];
}

/** Every example of every event and version; every so many of them are followed by one that is to be refused. */
export function makeDeliveries(): Delivery[] {
  const deliveries: Delivery[] = [];
  for (const [index, { event, payload }] of [...examples()].entries()) {
    const body = Buffer.from(JSON.stringify(payload));
    deliveries.push({ kind: 'genuine', key: keyOf(event, payload), headers: signed(event, body), body });
    if (index % 20 === 0) deliveries.push(tampered(event, body, index / 20));
    if (index % 30 === 0) deliveries.push(cutShort(event, body));
    if (index % 40 === 0) deliveries.push({ kind: 'of no source', key: undefined, headers: json(), body });
    if (index % 60 === 0) deliveries.push(unheardOf(payload, body));
    if (index % 240 === 0) deliveries.push(tooLarge(event));
  }
  return deliveries;
}

function* examples(): Generator<{ event: string; payload: Payload }> {
  const require = createRequire(import.meta.url);
  for (const version of API_VERSIONS) {
    // The shape of these files is that of the package's own type declaration.
    const events = require(`@octokit/webhooks-examples/${version}/index.json`) as ExampleEvent[];
    for (const { name, examples: payloads } of events) {
      for (const payload of payloads) yield { event: name, payload };
    }
  }
}

function keyOf(event: string, { action }: Payload): string {
  return typeof action === 'string' ? `github/${event}.${action}` : `github/${event}`;
}

/** In turn: changed after it was signed, signed with another secret, not signed at all. */
function tampered(event: string, body: Buffer, turn: number): Delivery {
  const kind = 'tampered with';
  const changed = Buffer.concat([body, Buffer.from(' ')]);
  if (turn % 3 === 0) return { kind, key: undefined, headers: signed(event, body), body: changed };
  if (turn % 3 === 1) return { kind, key: undefined, headers: signed(event, body, 'a guess'), body };
  return { kind, key: undefined, headers: json(event), body };
}

/** Half of a message, with a good signature of that half: nothing but the text is wrong. */
function cutShort(event: string, body: Buffer): Delivery {
  const half = body.subarray(0, body.length / 2);
  return { kind: 'cut short', key: undefined, headers: signed(event, half), body: half };
}

/** Genuine, but of an event that GitHub does not have yet. */
function unheardOf(payload: Payload, body: Buffer): Delivery {
  const event = 'teleported';
  return { kind: 'unheard of', key: keyOf(event, payload), headers: signed(event, body), body };
}

function tooLarge(event: string): Delivery {
  const body = Buffer.from(JSON.stringify({ filler: 'x'.repeat(MAX_WEBHOOK_BYTES) }));
  return { kind: 'too large', key: undefined, headers: signed(event, body), body };
}

function json(event?: string): Record<string, string> {
  return { 'content-type': 'application/json', ...(event !== undefined && { 'x-github-event': event }) };
}

function signed(event: string, body: Buffer, secret = WEBHOOK_SECRET): Record<string, string> {
  const digest = createHmac('sha256', secret).update(body).digest('hex');
  return { ...json(event), 'x-hub-signature-256': `sha256=${digest}` };
}

import { createRequire } from 'node:module';

/** One webhook as it comes in. */
export interface Payload {
  /** GitHub's name of the event, as its header gives it. */
  readonly event: string;
  readonly raw: Buffer;
}

/** The definitions of `@octokit/webhooks-examples`, one folder per version of GitHub's interface. */
const VERSIONS = ['api.github.com', 'ghes-31', 'ghes-32', 'ghes-33', 'ghes-34', 'ghes-35'];

interface Definition {
  readonly name: string;
  readonly examples: readonly object[];
}

/** Every example of every version, the smallest first. */
export function githubPayloads(): readonly Payload[] {
  const require = createRequire(import.meta.url);
  const payloads = VERSIONS.flatMap((version) => {
    const definitions = require(`@octokit/webhooks-examples/${version}/index.json`) as readonly Definition[];
    return definitions.flatMap(({ name, examples }) =>
      examples.map((example) => ({ event: name, raw: Buffer.from(JSON.stringify(example)) })),
    );
  });
  return payloads.toSorted((a, b) => a.raw.length - b.raw.length);
}

/** The one in the middle by size. */
export function medianOf(payloads: readonly Payload[]): Payload {
  const median = payloads[payloads.length >> 1];
  if (median === undefined) throw new Error('there are no payloads');
  return median;
}

/** A message of 1 MB (1 000 000 bytes at least) that is like none of GitHub's. */
export function megabyte(): Buffer {
  const lines = Array.from({ length: 9_000 }, (_, index) => ({
    sku: `article-${index}`,
    quantity: index % 7,
    price: index * 1.25,
    tags: ['warehouse', 'bulk'],
    note: 'handle with care, keep dry',
  }));
  const raw = Buffer.from(JSON.stringify({ warehouse: { id: 17 }, lines }));
  if (raw.length < 1_000_000) throw new Error(`the message has only ${raw.length} bytes`);
  return raw;
}

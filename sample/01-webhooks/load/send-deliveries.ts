import type { Delivery, DeliveryKind } from './deliveries.js';

/** What the client knows of what it sent. */
export interface SentCounts {
  readonly sent: number;
  readonly kinds: ReadonlyMap<DeliveryKind, number>;
  readonly keys: ReadonlyMap<string, number>;
  /** `handled`, `skipped` or an error code, to the number of such answers. */
  readonly answers: ReadonlyMap<string, number>;
  readonly durationMs: number;
}

/** How deliveries are sent. */
export interface SendOptions {
  readonly url: string;
  /** How many requests are under way at once. */
  readonly concurrency: number;
  readonly onAnswer: (answered: number) => void;
}

/** Sends every delivery once and counts the answers. */
export async function sendDeliveries(deliveries: readonly Delivery[], options: SendOptions): Promise<SentCounts> {
  const counts = { kinds: new Map<DeliveryKind, number>(), keys: new Map<string, number>() };
  const answers = new Map<string, number>();
  const queue = deliveries.values();
  let answered = 0;
  const startedAt = performance.now();
  const work = async (): Promise<void> => {
    // The workers share one iterator, so each delivery is taken by one of them.
    for (const delivery of queue) {
      increment(counts.kinds, delivery.kind);
      if (delivery.key !== undefined) increment(counts.keys, delivery.key);
      increment(answers, await send(options.url, delivery));
      answered += 1;
      options.onAnswer(answered);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  return { sent: deliveries.length, ...counts, answers, durationMs: performance.now() - startedAt };
}

/** The outcome or error code in the answer; the status where the answer has neither. */
async function send(url: string, { headers, body }: Delivery): Promise<string> {
  const response = await fetch(url, { method: 'POST', headers, body });
  const answer = (await response.json()) as { readonly outcome?: string; readonly code?: string };
  return answer.outcome ?? answer.code ?? `status ${response.status}`;
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

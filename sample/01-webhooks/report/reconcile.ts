import type { SentCounts } from '../load/send-deliveries.js';
import type { KeyCounts } from '../tally.js';

/** What the server counted. */
export interface ServedCounts {
  readonly received: number;
  readonly handled: number;
  readonly skipped: number;
  readonly refused: number;
  readonly refusals: ReadonlyMap<string, number>;
  readonly keys: ReadonlyMap<string, Readonly<KeyCounts>>;
  /** Entries the handlers wrote: one for each message. */
  readonly feedEntries: number;
  /** Notifications that were lost. */
  readonly lostNotifications: number;
}

/** A number that is known from two places. */
export interface Sum {
  readonly what: string;
  readonly expected: number;
  readonly counted: number;
}

/** Puts beside each other what was sent and what the server counted; right where each pair is equal. */
export function reconcile(sent: SentCounts, served: ServedCounts): Sum[] {
  return [
    { what: 'received', expected: sent.sent, counted: served.received },
    { what: 'ended', expected: sent.sent, counted: served.handled + served.skipped + served.refused },
    { what: 'entries of the handlers', expected: served.handled, counted: served.feedEntries },
    { what: 'lost notifications', expected: 0, counted: served.lostNotifications },
    ...sumsOfKinds(sent, served),
    ...sumsOfKeys(sent, served),
    ...sumsOfAnswers(sent, served),
  ];
}

/** The sums that are off. */
export function mismatches(sums: readonly Sum[]): Sum[] {
  return sums.filter(({ expected, counted }) => expected !== counted);
}

function sumsOfKinds({ kinds }: SentCounts, { handled, skipped, refusals }: ServedCounts): Sum[] {
  const sentAs = (kind: Parameters<typeof kinds.get>[0]): number => kinds.get(kind) ?? 0;
  const refusedWith = (code: string): number => refusals.get(code) ?? 0;
  return [
    { what: 'tampered with', expected: sentAs('tampered with'), counted: refusedWith('DISPATCH_BAD_SIGNATURE') },
    { what: 'cut short', expected: sentAs('cut short'), counted: refusedWith('DISPATCH_UNREADABLE_MESSAGE') },
    { what: 'of no source', expected: sentAs('of no source'), counted: refusedWith('DISPATCH_NO_SOURCE') },
    { what: 'too large', expected: sentAs('too large'), counted: refusedWith('DISPATCH_MESSAGE_TOO_LARGE') },
    {
      what: 'genuine',
      expected: sentAs('genuine') + sentAs('unheard of'),
      counted: handled + skipped + refusedWith('DISPATCH_NO_HANDLER'),
    },
  ];
}

const NEVER_SEEN: KeyCounts = { routed: 0, handled: 0, skipped: 0, refused: 0 };

/** Per key: as many routed as sent, and each of them ended. */
function sumsOfKeys(sent: SentCounts, served: ServedCounts): Sum[] {
  return [...new Set([...sent.keys.keys(), ...served.keys.keys()])].flatMap((key) => {
    const { routed, handled, skipped, refused } = served.keys.get(key) ?? NEVER_SEEN;
    const expected = sent.keys.get(key) ?? 0;
    return [
      { what: `routed to ${key}`, expected, counted: routed },
      { what: `ended of ${key}`, expected, counted: handled + skipped + refused },
    ];
  });
}

/** Per outcome: what the client was answered is what the server counted. */
function sumsOfAnswers(sent: SentCounts, { handled, skipped, refusals }: ServedCounts): Sum[] {
  const endings = new Map([['handled', handled], ['skipped', skipped], ...refusals]);
  return [...new Set([...sent.answers.keys(), ...endings.keys()])].map((ending) => ({
    what: `answered with ${ending}`,
    expected: sent.answers.get(ending) ?? 0,
    counted: endings.get(ending) ?? 0,
  }));
}

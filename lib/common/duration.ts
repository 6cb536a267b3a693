const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time as one reads it: `'250ms'`, `'5s'`, `'10m'`, `'2h'`, `'1d'`. */
export type Duration = `${number}${keyof typeof UNITS_MS}`;

/** The milliseconds of a {@link Duration}; undefined for any other text. */
export function durationMs(text: unknown): number | undefined {
  const [, amount, unit] = (typeof text === 'string' && /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)) || [];
  // The expression lets through no other unit.
  return unit === undefined ? undefined : Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

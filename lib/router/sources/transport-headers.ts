import type { TransportMeta } from '../../dispatcher/raw-intake.js';

/** The value of a header as transports give it: several where the header was sent several times. */
export type HeaderValue = string | readonly string[];

/** Looks headers of one message up without regard to case. Node's HTTP headers, lower case already, cost no copy. */
export class TransportHeaders {
  private readonly given: NonNullable<TransportMeta['headers']> | undefined;
  private lowerCased: ReadonlyMap<string, HeaderValue> | undefined;

  constructor(meta: TransportMeta) {
    this.given = meta.headers;
  }

  /** @param lowerName the header's name in lower case */
  get(lowerName: string): HeaderValue | undefined {
    if (this.given === undefined) return undefined;
    const exact = Object.hasOwn(this.given, lowerName) ? this.given[lowerName] : undefined;
    return exact ?? (this.lowerCased ??= lowerCase(this.given)).get(lowerName);
  }

  /** The names in lower case; one may come twice. */
  names(): readonly string[] {
    return this.given === undefined ? [] : Object.keys(this.given).map((name) => name.toLowerCase());
  }
}

function lowerCase(given: NonNullable<TransportMeta['headers']>): ReadonlyMap<string, HeaderValue> {
  const result = new Map<string, HeaderValue>();
  for (const name of Object.keys(given)) {
    const value = given[name];
    const lowerName = name.toLowerCase();
    if (lowerName !== name && value !== undefined && !result.has(lowerName)) result.set(lowerName, value);
  }
  return result;
}

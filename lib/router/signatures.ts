import { createHmac, getHashes, timingSafeEqual } from 'node:crypto';

import { describeKind } from '../common/describe-value.js';
import type { RawMessage, TransportMeta } from '../dispatcher/raw-intake.js';
import { BadSignatureError, SourceSetupError } from './errors.js';
import { TransportHeaders } from './sources/transport-headers.js';

/** One secret, or several while one replaces another: a signature made with any of them is accepted. */
export type SignatureSecret = string | Uint8Array | readonly (string | Uint8Array)[];

/** A header of the form `t=<seconds>,v1=<digest>[,v1=<digest>]` over `<seconds>.<body>`. */
export interface SignedTimestamp {
  /** The part with the time, in seconds since the epoch. Default `'t'`. */
  readonly timeField?: string;
  /** The part with a digest; it may come several times. Other parts are ignored. Default `'v1'`. */
  readonly digestField?: string;
  /** How far, in milliseconds, the time may be from ours, before or after. Default 300 000; 0 accepts any time. */
  readonly toleranceMs?: number;
  /** Our time in milliseconds since the epoch. Default: the system's clock. */
  readonly nowMs?: () => number;
}

/** Options of {@link hmacSignature}. */
export interface HmacSignatureOptions {
  /** The header with the signature, in any case. */
  readonly header: string;
  /** Or a function that finds the secret for a message, for example per tenant. */
  readonly secret: SignatureSecret | ((meta: TransportMeta) => SignatureSecret | PromiseLike<SignatureSecret>);
  /** A hash that Node knows. Default `'sha256'`. */
  readonly algorithm?: string;
  /** What stands before the digest, such as `'sha256='`. Default: nothing. */
  readonly prefix?: string;
  /** How the digest is written. Default `'hex'`. */
  readonly encoding?: 'hex' | 'base64';
  /** For schemes that sign a time with the body; `{}` is Stripe's form. Default: the body alone is signed. */
  readonly timestamp?: SignedTimestamp;
}

/** What {@link hmacSignature} makes: the `verify` of a source. */
export type SignatureCheck = (raw: RawMessage, meta: TransportMeta) => Promise<void>;

interface ClaimedSignature {
  /** The time as it was signed; undefined where the scheme has none. */
  readonly time: string | undefined;
  readonly digests: readonly string[];
}

/**
 * Makes a check of HMAC signatures over the raw bytes, in constant time. The returned function rejects with
 * `DISPATCH_BAD_SIGNATURE`, whose `reason` tells a missing, malformed, wrong or expired signature.
 *
 * @throws DISPATCH_SOURCE_SETUP at once for an empty header name or secret, an unknown algorithm or encoding, or a
 * negative tolerance; as a rejection when a secret function gives an empty secret
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 * @see https://docs.stripe.com/webhooks#verify-manually
 *
 * @example
 * ```ts
 * hmacSignature({ header: 'x-hub-signature-256', prefix: 'sha256=', secret }); // GitHub
 * hmacSignature({ header: 'stripe-signature', timestamp: {}, secret }); // Stripe
 * ```
 */
export function hmacSignature(options: HmacSignatureOptions): SignatureCheck {
  requireSetup(setupProblems(options));
  const { secret, timestamp } = options;
  const headerName = options.header.toLowerCase();
  const form = digestForm(options);
  return async (raw, meta) => {
    const given = new TransportHeaders(meta).get(headerName);
    if (given === undefined) throw new BadSignatureError('missing');
    if (typeof given !== 'string') throw new BadSignatureError('malformed');
    const claimed = timestamp === undefined ? { time: undefined, digests: [given] } : readParts(given, timestamp);
    const digests = claimed.digests.map((text) => readDigest(text, form));
    const secrets = secretList(typeof secret === 'function' ? await secret(meta) : secret);
    requireSetup(secretProblems(secrets, options.header));
    if (!anyMatches(raw, { time: claimed.time, digests, secrets, algorithm: form.algorithm })) {
      throw new BadSignatureError('mismatch');
    }
    // The time is judged last: only a genuine signature makes it more than the claim of a stranger.
    if (timestamp !== undefined && isExpired(Number(claimed.time), timestamp)) throw new BadSignatureError('expired');
  };
}

interface DigestForm {
  readonly algorithm: string;
  readonly prefix: string;
  readonly encoding: 'hex' | 'base64';
  readonly text: RegExp;
  readonly lengthBytes: number;
}

function digestForm(options: HmacSignatureOptions): DigestForm {
  const algorithm = algorithmOf(options);
  const encoding = options.encoding ?? 'hex';
  return {
    algorithm,
    encoding,
    prefix: options.prefix ?? '',
    text: encoding === 'hex' ? /^(?:[\da-f]{2})+$/i : /^[\da-z+/]+={0,2}$/i,
    lengthBytes: createHmac(algorithm, '').digest().length,
  };
}

function readParts(header: string, timestamp: SignedTimestamp): ClaimedSignature {
  const parts = header.split(',').map((part) => {
    const equals = part.indexOf('=');
    return { name: part.slice(0, Math.max(equals, 0)).trim(), value: part.slice(equals + 1).trim() };
  });
  const valuesOf = (name: string): string[] => parts.filter((part) => part.name === name).map((part) => part.value);
  const [time, ...otherTimes] = valuesOf(timestamp.timeField ?? 't');
  const digests = valuesOf(timestamp.digestField ?? 'v1');
  if (time === undefined || otherTimes.length > 0 || !/^\d{1,12}$/.test(time) || digests.length === 0) {
    throw new BadSignatureError('malformed');
  }
  return { time, digests };
}

function readDigest(text: string, form: DigestForm): Buffer {
  const digest = text.slice(form.prefix.length);
  if (!text.startsWith(form.prefix) || !form.text.test(digest)) throw new BadSignatureError('malformed');
  const bytes = Buffer.from(digest, form.encoding);
  if (bytes.length !== form.lengthBytes) throw new BadSignatureError('malformed');
  return bytes;
}

interface Comparison {
  readonly time: string | undefined;
  readonly digests: readonly Buffer[];
  readonly secrets: readonly (string | Uint8Array)[];
  readonly algorithm: string;
}

/** Makes every comparison, whatever the earlier ones gave, so the time taken does not tell which of them held. */
function anyMatches(raw: RawMessage, { time, digests, secrets, algorithm }: Comparison): boolean {
  let matched = false;
  for (const secret of secrets) {
    const hmac = createHmac(algorithm, secret);
    if (time !== undefined) hmac.update(`${time}.`);
    const expected = hmac.update(raw).digest();
    for (const digest of digests) matched = timingSafeEqual(digest, expected) || matched;
  }
  return matched;
}

function isExpired(timeSeconds: number, { toleranceMs = 300_000, nowMs = Date.now }: SignedTimestamp): boolean {
  return toleranceMs > 0 && Math.abs(nowMs() - timeSeconds * 1000) > toleranceMs;
}

function algorithmOf(options: HmacSignatureOptions): string {
  return options.algorithm ?? 'sha256';
}

/** A setting that is missing arrives here as undefined, whatever the types say, and so may anything that is no text. */
function secretList(secret: SignatureSecret | undefined): readonly (string | Uint8Array)[] {
  return Array.isArray(secret) ? (secret as readonly (string | Uint8Array)[]) : [secret as string | Uint8Array];
}

/** Lists what is wrong with options that a program without types may have left out. */
function setupProblems(given: Partial<HmacSignatureOptions> | undefined): readonly string[] {
  const { header, secret, algorithm = 'sha256', encoding = 'hex', timestamp } = given ?? {};
  if (typeof header !== 'string' || header === '') return ['hmacSignature needs the name of a header, as "header"'];
  const problems = typeof secret === 'function' ? [] : secretProblems(secretList(secret), header);
  const toleranceMs = timestamp?.toleranceMs ?? 0;
  if (!getHashes().includes(algorithm)) problems.push(`Node knows no hash "${algorithm}"`);
  if (encoding !== 'hex' && encoding !== 'base64') problems.push("\"encoding\" is neither 'hex' nor 'base64'");
  if (!(toleranceMs >= 0)) problems.push(`"toleranceMs" is ${toleranceMs}, it must be 0 or more`);
  return problems;
}

/** Only the header is named, and what a secret is: none is shown. */
function secretProblems(secrets: readonly unknown[], header: string): string[] {
  const name = `the secret of hmacSignature for header "${header}"`;
  const advice = 'check that the setting it comes from is there when the source is made';
  if (secrets.length === 0) return [`${name} is an empty list: ${advice}`];
  return secrets.flatMap((secret) => {
    if (secret === undefined || secret === null) return [`${name} is missing: ${advice}`];
    if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) {
      return [`${name} is ${describeKind(secret)}, not a string or bytes`];
    }
    return secret.length === 0 ? [`${name} is empty: ${advice}`] : [];
  });
}

function requireSetup(problems: readonly string[]): void {
  if (problems.length > 0) throw new SourceSetupError(problems);
}

import { createHmac } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { hmacSignature, type HmacSignatureOptions } from '../../../lib/router/signatures.js';
import { rejectionOf } from './router-fixture.js';
import { propertyRuns } from '../property-runs.js';

const body = '{"zen":"Keep it logically awesome.","note":"é"}';
const digest = (text: string, secret = 's3cret', algorithm = 'sha256'): string =>
  createHmac(algorithm, secret).update(text).digest('hex');

const github = (overrides: Partial<HmacSignatureOptions> = {}) =>
  hmacSignature({ header: 'X-Hub-Signature-256', prefix: 'sha256=', secret: 's3cret', ...overrides });
const nowMs = 1_700_000_000_000;
const stripe = (overrides: Partial<HmacSignatureOptions> = {}) =>
  hmacSignature({ header: 'stripe-signature', secret: 's3cret', timestamp: { nowMs: () => nowMs }, ...overrides });

const metaOf = (name: string, value?: string | string[]) => ({ headers: { [name]: value } });
const hub = (value?: string | string[]) => metaOf('x-hub-signature-256', value);
const signed = (value: string) => metaOf('Stripe-Signature', value);

describe('hmacSignature of the GitHub form', () => {
  /** @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation */
  it('accepts the example GitHub publishes', async () => {
    const check = github({ secret: "It's a Secret to Everybody" });
    const given = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    await expect(check('Hello, World!', hub(given))).resolves.toBeUndefined();
  });

  it.each([
    ['missing', undefined],
    ['malformed', ''],
    ['malformed', digest(body)],
    ['malformed', 'sha256='],
    ['malformed', 'sha256=zz'],
    ['malformed', `sha256=${digest(body).slice(2)}`],
    ['malformed', `sha256=${digest(body)}00`],
    ['malformed', [`sha256=${digest(body)}`, `sha256=${digest(body)}`]],
    ['mismatch', `sha256=${digest(body, 'other')}`],
    ['mismatch', `sha256=${digest(`${body} `)}`],
  ])('refuses as %s: %j', async (reason, given) => {
    const check = github();
    const error = await rejectionOf(check(body, hub(given)));
    expect(error).toMatchObject({ code: 'DISPATCH_BAD_SIGNATURE', reason });
    expect(String(error)).not.toMatch(/s3cret|[\da-f]{16}/);
    await expect(check(body, hub(`sha256=${digest(body)}`))).resolves.toBeUndefined();
  });

  it('accepts any of several secrets', async () => {
    const check = github({ secret: ['new', Buffer.from('old')] });
    for (const secret of ['old', 'new']) {
      await expect(check(body, hub(`sha256=${digest(body, secret)}`))).resolves.toBeUndefined();
    }
    expect(await rejectionOf(check(body, hub(`sha256=${digest(body, 'older')}`)))).toMatchObject({
      reason: 'mismatch',
    });
  });

  it('finds the secret of a tenant by what the transport knows', async () => {
    const check = github({ secret: (meta) => Promise.resolve(`of ${String(meta['tenant'])}`) });
    const given = hub(`sha256=${digest(body, 'of acme')}`);
    await expect(check(body, { ...given, tenant: 'acme' })).resolves.toBeUndefined();
    expect(await rejectionOf(check(body, { ...given, tenant: 'umbrella' }))).toMatchObject({ reason: 'mismatch' });
  });

  it('knows other algorithms and base64', async () => {
    const check = github({ algorithm: 'sha1', prefix: '', encoding: 'base64' });
    const given = Buffer.from(digest(body, 's3cret', 'sha1'), 'hex').toString('base64');
    await expect(check(Buffer.from(body), hub(given))).resolves.toBeUndefined();
    expect(await rejectionOf(check(body, hub('*')))).toMatchObject({ reason: 'malformed' });
  });

  it('accepts what is signed with its secret and refuses any change of the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1 }), fc.nat(), async (bytes, at) => {
        const given = hub(`sha256=${createHmac('sha256', 's3cret').update(bytes).digest('hex')}`);
        await github()(bytes, given);
        const changed = bytes.map((byte, index) => (index === at % bytes.length ? byte ^ 1 : byte));
        expect(await rejectionOf(github()(changed, given))).toMatchObject({ reason: 'mismatch' });
      }),
      propertyRuns(50),
    );
  });
});

describe('hmacSignature of the Stripe form', () => {
  const at = (seconds: number, secret?: string): string => `t=${seconds},v1=${digest(`${seconds}.${body}`, secret)}`;
  const now = nowMs / 1000;

  it('accepts a signature over time and body, also beside others and unknown parts', async () => {
    await expect(stripe()(body, signed(at(now)))).resolves.toBeUndefined();
    const several = signed(`${at(now, 'other')},v1=${digest(`${now}.${body}`)},v0=abc`);
    await expect(stripe()(body, several)).resolves.toBeUndefined();
  });

  it('accepts the edge of the tolerance and refuses beyond it, in both directions', async () => {
    for (const offset of [-300, 300]) {
      await stripe()(body, signed(at(now + offset)));
      const late = rejectionOf(stripe()(body, signed(at(now + offset + Math.sign(offset)))));
      expect(await late).toMatchObject({ code: 'DISPATCH_BAD_SIGNATURE', reason: 'expired' });
    }
  });

  it('accepts any time with a tolerance of 0', async () => {
    const check = stripe({ timestamp: { toleranceMs: 0 } });
    await expect(check(body, signed(at(1)))).resolves.toBeUndefined();
  });

  it('refuses an old time that somebody replaced as a mismatch', async () => {
    const forged = at(now - 1000).replace(`t=${now - 1000}`, `t=${now}`);
    expect(await rejectionOf(stripe()(body, signed(forged)))).toMatchObject({ reason: 'mismatch' });
  });

  it.each([
    '',
    't=',
    'v1=',
    `v1=${digest(body)}`,
    `t=${now}`,
    `t=x,v1=${digest(body)}`,
    `t=1,t=2,v1=${digest(body)}`,
    `t=${now},v1=ff`,
  ])('refuses %j as malformed', async (given) => {
    expect(await rejectionOf(stripe()(body, signed(given)))).toMatchObject({ reason: 'malformed' });
  });
});

describe('hmacSignature set up wrongly', () => {
  it.each<[string, Partial<HmacSignatureOptions>]>([
    ['an empty header name', { header: '' }],
    ['an empty secret', { secret: '' }],
    ['no secret', { secret: [] }],
    ['one empty secret of several', { secret: ['a', ''] }],
    ['an unknown algorithm', { algorithm: 'sha257' }],
    ['an unknown encoding', { encoding: 'utf8' as never }],
    ['no header name', { header: undefined as never }],
    ['a negative tolerance', { timestamp: { toleranceMs: -1 } }],
    ['a tolerance that is no number', { timestamp: { toleranceMs: Number.NaN } }],
  ])('throws at once for %s', (_title, overrides) => {
    expect(() => github(overrides)).toThrow(expect.objectContaining({ code: 'DISPATCH_SOURCE_SETUP' }));
  });

  it.each([
    ['missing', undefined],
    ['missing', null],
    ['missing', ['a', undefined]],
    ['empty', ''],
    ['empty', ['a', '']],
    ['an empty list', []],
    ['a number, not a string or bytes', 1234567],
  ])('says of which header the secret is %s, and shows none', (fault, secret) => {
    const make = () => github({ secret: secret as never });
    expect(make).toThrow(`the secret of hmacSignature for header "X-Hub-Signature-256" is ${fault}`);
    expect(make).toThrow(/[a-z]\.$/);
    expect(make).not.toThrow(/1234567/);
  });

  it('says that options are missing where it is called without any', () => {
    const untyped = hmacSignature as unknown as () => void;
    expect(untyped).toThrow('hmacSignature needs the name of a header, as "header"');
  });

  it('refuses to check with an empty secret a function gave', async () => {
    const given = hub(`sha256=${digest(body, '')}`);
    // What a setting that is missing gives at run time, whatever the types say.
    for (const secret of ['', undefined as never]) {
      expect(await rejectionOf(github({ secret: () => secret })(body, given))).toMatchObject({
        code: 'DISPATCH_SOURCE_SETUP',
      });
    }
  });
});

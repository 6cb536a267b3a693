import { runInNewContext } from 'node:vm';

import { describe, expect, it } from '@jest/globals';

import { isDispatchError } from '../../../../lib/common/dispatch-error.js';
import type { On } from '../../../../lib/failures/policy/rules.js';
import { RemoteError } from '../../../../lib/run-modes/queue/errors.js';
import { failureOf, policyOf, ruleOf } from './failures.js';

class HttpError extends Error {
  constructor(readonly status = 500) {
    super(`HTTP ${status}`);
  }
}
class NotFound extends HttpError {}
class SqlBusy extends Error {}

/** The same classes as another copy of their package has them. */
const copy = runInNewContext(`
  class HttpError extends Error { constructor(status) { super('HTTP'); this.status = status; } }
  class NotFound extends HttpError {}
  ({ notFound: new NotFound(404), typeError: new TypeError('no'), named: { name: 'SqlBusy' } })
`) as { readonly notFound: Error; readonly typeError: Error; readonly named: object };
const remote = new RemoteError({ name: 'HttpError', message: 'elsewhere', code: undefined });
const nameless = (() => class extends Error {})();
const otherNameless = (() => class extends Error {})();

type Write = Parameters<typeof ruleOf>[0];
const on =
  (errors: Parameters<On>[0]): Write =>
  (begin) =>
    begin(errors).deadLetter();

const FITTING: readonly (readonly [text: string, write: Write, error: unknown, fits: boolean])[] = [
  ['an instance of the class', on(HttpError), new HttpError(), true],
  ['an instance of a subclass', on(HttpError), new NotFound(), true],
  ['no instance of a base class', on(NotFound), new HttpError(), false],
  ['no instance of another class', on(SqlBusy), new HttpError(), false],
  ['an instance of any class of a list', on([SqlBusy, HttpError]), new NotFound(), true],
  ['no instance of none of them', on([SqlBusy, NotFound]), new HttpError(), false],
  ['a class and a name in one list', on([SqlBusy, 'HttpError']), new HttpError(), true],
  ['a subclass in another copy of the package', on(HttpError), copy.notFound, true],
  ['an error of another realm', on(TypeError), copy.typeError, true],
  ['any error of another realm', on(Error), copy.typeError, true],
  ['no error of another name there', on(RangeError), copy.typeError, false],
  ['an error that came from another process', on(HttpError), remote, true],
  ['no error of another name from there', on(SqlBusy), remote, false],
  ['the name of its class', on('NotFound'), new NotFound(), true],
  ['the name of a base class', on('HttpError'), new NotFound(), true],
  ['no other name', on('Http'), new NotFound(), false],
  ['an object of that name, whatever it is', on('SqlBusy'), copy.named, true],
  ['an instance of a class without a name', on(nameless), new nameless(), true],
  ['nothing else, for a class without a name', on(nameless), new Error('other'), false],
  ['no instance of another one without a name', on(nameless), new otherNameless(), false],
  ['an object without a prototype', on('SqlBusy'), Object.create(null), false],
  ['no text', on(String), 'SqlBusy', false],
  ['no text by its name', on('SqlBusy'), 'SqlBusy', false],
  ['not undefined', on(Error), undefined, false],
  ['not null', on(Error), null, false],
  ['every error', (begin) => begin.any().deadLetter(), new Error('any'), true],
  ['everything else too', (begin) => begin.any().deadLetter(), undefined, true],
  [
    'an error of which its predicate holds',
    (begin) => begin(HttpError, (e) => e.status === 422).deadLetter(),
    new HttpError(422),
    true,
  ],
  [
    'no error of which it does not',
    (begin) => begin(HttpError, (e) => e.status === 422).deadLetter(),
    new HttpError(500),
    false,
  ],
  [
    'nothing of another class, whatever its predicate',
    (begin) => begin(SqlBusy, () => true).deadLetter(),
    new HttpError(),
    false,
  ],
  ['what the predicate of any holds for', (begin) => begin.any((e) => e === 7).deadLetter(), 7, true],
  ['nothing else', (begin) => begin.any((e) => e === 7).deadLetter(), 8, false],
];

describe('a rule fits', () => {
  it.each(FITTING)('%s', (_text, write, error, fits) => {
    expect(ruleOf(write).errors.matches(error)).toBe(fits);
  });
});

describe('the text of a rule', () => {
  it.each<[string, Write]>([
    ['on(SqlBusy)', on(SqlBusy)],
    ['on([SqlBusy, "NotFound"])', on([SqlBusy, 'NotFound'])],
    ['on("NotFound")', on('NotFound')],
    ['on(a class without a name)', on(nameless)],
    ['on(SqlBusy, predicate)', (begin) => begin(SqlBusy, () => true).deadLetter()],
    ['on.any()', (begin) => begin.any().deadLetter()],
    ['on.any(predicate)', (begin) => begin.any(() => true).deadLetter()],
  ])('is %s', (text, write) => {
    expect(ruleOf(write).errors.text).toBe(text);
    expect(ruleOf(write).text).toBe(`${text} dead letter`);
  });
});

describe('a rule that cannot tell whether it fits', () => {
  const broken = new TypeError('status of undefined');
  const throwing = ruleOf((begin) =>
    begin
      .any(() => {
        throw broken;
      })
      .discard('lost'),
  );
  const promising = ruleOf((begin) => begin.any((() => Promise.reject(broken)) as never).discard('lost'));
  const next = ruleOf((begin) => begin(Error).deadLetter('next'));

  it('leaves the failure to the next one, and its error is reported', () => {
    const { decide, reported } = policyOf({ moduleRules: [throwing, next] });
    expect(decide(failureOf(new Error('x')))).toEqual({ action: 'deadLetter', place: 'next' });
    expect(reported).toHaveLength(1);
    expect(isDispatchError(reported[0], 'DISPATCH_FAILURE_POLICY')).toBe(true);
    expect(reported[0]?.cause).toBe(broken);
    expect(reported[0]?.message).toBe(
      'ChargeCardHandler failed at "cards.charge", and "module: on.any(predicate) discard (lost)" has thrown (status of undefined). What comes after it has decided: correct it.',
    );
  });

  it('does the same where its predicate answers with a promise, which would hold for everything', () => {
    const { decide, reported } = policyOf({ moduleRules: [promising, next] });
    expect(decide(failureOf(new Error('x')))).toEqual({ action: 'deadLetter', place: 'next' });
    expect(reported[0]?.message).toContain('a predicate answered with a promise');
  });

  it('does the same where the error itself cannot be looked at', () => {
    const hostile = new Proxy(new Error('x'), {
      getPrototypeOf: () => {
        throw broken;
      },
    });
    const { decide, reported } = policyOf({ moduleRules: [next] });
    expect(decide(failureOf(hostile))).toEqual({ action: 'deadLetter', place: 'default' });
    expect(reported.map(({ cause }) => cause)).toContain(broken);
  });
});

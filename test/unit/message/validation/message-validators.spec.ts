import 'reflect-metadata';

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { IsInt } from 'class-validator';
import * as v from 'valibot';
import { z } from 'zod';

import { InvalidMessageError, type Violation } from '../../../../lib/message/errors.js';
import { definitionOf, Message } from '../../../../lib/message/message.decorator.js';
import type { MessageClass } from '../../../../lib/message/message.js';
import { MessageValidators, type MessageValidator } from '../../../../lib/message/validation/message-validators.js';

let validators: MessageValidators;
beforeAll(async () => {
  validators = await MessageValidators.load();
});

function validatorOf(target: MessageClass, schema?: StandardSchemaV1): MessageValidator {
  const validator = validators.validatorFor(definitionOf(target), schema);
  if (validator === undefined) throw new Error('no rules found');
  return validator;
}

/** What a message is refused with; empty where it passes. */
async function failureOf(validate: MessageValidator, message: object): Promise<InvalidMessageError | undefined> {
  try {
    await validate(message);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidMessageError) return error;
    throw error;
  }
}

class Pay {
  card: unknown;
  items: unknown;
}

const pay = (card: unknown, items: unknown): Pay => Object.assign(new Pay(), { card, items });

describe.each<[string, StandardSchemaV1]>([
  ['zod', z.object({ card: z.string().length(16), items: z.array(z.object({ count: z.number().positive() })) })],
  [
    'valibot',
    v.object({
      card: v.pipe(v.string(), v.length(16)),
      items: v.array(v.object({ count: v.pipe(v.number(), v.gtValue(0)) })),
    }),
  ],
  [
    'zod, asynchronously',
    z.object({
      card: z.string().refine(async (card) => Promise.resolve(card.length === 16)),
      items: z.array(z.object({ count: z.number().positive() })),
    }),
  ],
])('A message with a schema of %s', (_title, schema) => {
  it('is refused with every issue at its dotted path, and the next good one passes', async () => {
    const validate = validatorOf(Pay, schema);
    const bad = pay('secret-card', [{ count: 1 }, { count: 'secret-count' }, { count: -7 }]);
    const error = await failureOf(validate, bad);
    expect(error?.violations.map(({ path }) => path).toSorted()).toEqual(['card', 'items.1.count', 'items.2.count']);
    expect(error?.subject).toBe(bad);
    expect(error?.message).not.toMatch(/secret|-7/);
    expect(await failureOf(validate, pay('4'.repeat(16), [{ count: 2 }]))).toBeUndefined();
  });
});

describe('A message with a schema', () => {
  it('is held to that of its class and that of the handler, and to one given twice only once', async () => {
    const schema = z.object({ card: z.string() });
    @Message('pay', { schema })
    class Paid extends Pay {}
    const both = await failureOf(validatorOf(Paid, z.object({ items: z.array(z.unknown()) })), new Paid());
    expect(both?.violations.map(({ path }) => path)).toEqual(['card', 'items']);
    expect((await failureOf(validatorOf(Paid, schema), new Paid()))?.violations).toHaveLength(1);
  });

  it('is judged at once where the schema is synchronous', () => {
    const validate = validatorOf(Pay, z.object({ card: z.string() }));
    expect(() => validate(pay(1, null))).toThrow(InvalidMessageError);
    expect(validate(pay('4711', null))).toBeUndefined();
  });

  it('is not changed by what the schema transforms or fills in', async () => {
    const message = pay(' 1 ', undefined);
    const validate = validatorOf(Pay, z.object({ card: z.string().trim(), items: z.array(z.string()).default([]) }));
    expect(await failureOf(validate, message)).toBeUndefined();
    expect(message).toEqual({ card: ' 1 ', items: undefined });
  });

  it('is refused at paths of keys, of segments and of none', async () => {
    const issues = [{ message: 'm', path: ['items', { key: 0 }, Symbol('s')] }, { message: 'whole' }];
    const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } };
    const error = await failureOf(validatorOf(Pay, schema), pay(1, null));
    expect(error?.violations).toEqual([
      { path: 'items.0.Symbol(s)', message: 'm' },
      { path: '', message: 'whole' },
    ]);
  });

  it('has the texts of as many issues looked at as an error lists, and the others counted', async () => {
    let readCount = 0;
    const issue: StandardSchemaV1.Issue = {
      get message() {
        readCount++;
        return 'm';
      },
    };
    const issues = Array.from({ length: 5000 }, () => issue);
    const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } };
    const error = await failureOf(validatorOf(Pay, schema), pay(1, null));
    expect(error?.violationCount).toBe(5000);
    expect(readCount).toBe(100);
  });

  it('is not shown in texts that quote all or part of it', async () => {
    const schema = v.object({ card: v.pipe(v.string(), v.startsWith('visa')), items: v.picklist(['a', 'b']) });
    const error = await failureOf(validatorOf(Pay, schema), pay('amex4711', 'x"y'));
    expect(error?.violations).toEqual([
      { path: 'card', message: 'Invalid start: Expected "visa" but received [value]' },
      { path: 'items', message: 'Invalid type: Expected ("a" | "b") but received [value]' },
    ]);
  });

  it('passes on the error of a schema that is itself broken', async () => {
    const schema = z.object({ card: z.string() }).refine(() => {
      throw new RangeError('rule is broken');
    });
    await expect(failureOf(validatorOf(Pay, schema), pay('x', 1))).rejects.toThrow(RangeError);
  });
});

describe('A message with its own validate()', () => {
  const violation: Violation = { path: 'a.b', message: 'is odd' };
  class Own {
    constructor(readonly verdict: () => unknown) {}
    validate(): unknown {
      return this.verdict();
    }
  }

  it.each<[string, () => unknown, readonly Violation[]]>([
    ['false', () => false, [{ path: '', message: 'its validate() refuses it' }]],
    ['a text', () => 'too late', [{ path: '', message: 'too late' }]],
    ['texts and violations', () => ['too late', violation], [{ path: '', message: 'too late' }, violation]],
    ['a violation', () => violation, [violation]],
    [
      'something else',
      () => 5,
      [{ path: '', message: expect.stringContaining('returned a number') as unknown as string }],
    ],
  ])(
    'is refused where it returns %s, at once or later, and the next good one passes',
    async (_title, verdict, expected) => {
      const validate = validatorOf(Own);
      expect(() => validate(new Own(verdict))).toThrow(InvalidMessageError);
      expect((await failureOf(validate, new Own(verdict)))?.violations).toEqual(expected);
      expect((await failureOf(validate, new Own(async () => Promise.resolve(verdict()))))?.violations).toEqual(
        expected,
      );
      expect(await failureOf(validate, new Own(() => undefined))).toBeUndefined();
    },
  );

  it.each([[undefined], [null], [true], [''], [[]]])('passes where it returns %j', async (verdict) => {
    expect(validatorOf(Own)(new Own(() => verdict))).toBeUndefined();
    expect(await failureOf(validatorOf(Own), new Own(() => Promise.resolve(verdict)))).toBeUndefined();
  });

  it('is refused where it throws, with the cause', async () => {
    const cause = new RangeError('out of stock');
    const later = new Own(() => Promise.reject(cause));
    for (const own of [new Own(() => raise(cause)), later]) {
      const error = await failureOf(validatorOf(Own), own);
      expect(error).toMatchObject({ violations: [{ path: '', message: 'out of stock' }], cause, subject: own });
    }
  });

  it('is refused with the violations of the InvalidMessageError it throws', async () => {
    const error = await failureOf(validatorOf(Own), new Own(() => raise(new InvalidMessageError('x', [violation]))));
    expect(error).toMatchObject({ messageName: 'Own', violations: [violation] });
  });

  it('is held to the method of its class whatever its data is called', async () => {
    const message = Object.assign(new Own(() => false), { validate: () => true });
    expect(await failureOf(validatorOf(Own), message)).toBeInstanceOf(InvalidMessageError);
  });

  it('has no rules where validate takes parameters or is no method', () => {
    class Other {
      validate(other: unknown): boolean {
        return other === this;
      }
    }
    class Accessor {
      get validate(): never {
        throw new RangeError('read');
      }
    }
    expect(validators.validatorFor(definitionOf(Other))).toBeUndefined();
    expect(validators.validatorFor(definitionOf(Accessor))).toBeUndefined();
  });
});

describe('A message with rules from all three places', () => {
  @Message('all', { schema: z.object({ b: z.string() }) })
  class All {
    @IsInt() a: unknown;
    b: unknown;
    validate(): string {
      return this.a === 1 ? '' : 'wants one';
    }
  }

  it('is refused with the violations of all, and passes when all hold', async () => {
    const error = await failureOf(validatorOf(All), new All());
    expect(error?.violations.map(({ path }) => path)).toEqual(['a', 'b', '']);
    expect(await failureOf(validatorOf(All), Object.assign(new All(), { a: 1, b: 'x' }))).toBeUndefined();
  });

  it('reports a broken rule and leaves no rejection of another unseen', async () => {
    class Broken extends All {
      override validate(): string {
        return '';
      }
    }
    const late: StandardSchemaV1 = {
      '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(new RangeError('late')) },
    };
    const broken: StandardSchemaV1 = {
      '~standard': { version: 1, vendor: 'test', validate: () => raise(new RangeError('now')) },
    };
    const definition = { ...definitionOf(Broken), schema: late };
    const validate = validators.validatorFor(definition, broken);
    expect(() => validate?.(new Broken())).toThrow('now');
    await new Promise((resolve) => setImmediate(resolve));
  });
});

function raise(error: Error): never {
  throw error;
}

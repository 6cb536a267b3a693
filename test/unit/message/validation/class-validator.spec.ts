import 'reflect-metadata';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import {
  Allow,
  IsArray,
  IsEmail,
  IsInt,
  IsNotEmpty,
  IsString,
  Matches,
  MinLength,
  registerDecorator,
  Validate,
  ValidateNested,
  ValidatorConstraint,
  type ValidationArguments,
} from 'class-validator';

import { Rehydrator } from '../../../../lib/message/codec/rehydrate.js';
import { InvalidMessageError } from '../../../../lib/message/errors.js';
import { definitionOf, Message } from '../../../../lib/message/message.decorator.js';
import type { MessageClass } from '../../../../lib/message/message.js';
import { MessageValidators, type MessageValidator } from '../../../../lib/message/validation/message-validators.js';
import { ClassValidator } from '../../../../lib/message/validation/class-validator.js';

let validators: MessageValidators;
let rehydrator: Rehydrator;
beforeAll(async () => {
  validators = await MessageValidators.load();
  rehydrator = await Rehydrator.load();
});

function validatorOf(target: MessageClass): MessageValidator {
  const validator = validators.validatorFor(definitionOf(target));
  if (validator === undefined) throw new Error('no rules found');
  return validator;
}

function failureOf(validate: MessageValidator, message: object): InvalidMessageError {
  try {
    expect(validate(message)).toBeUndefined();
  } catch (error) {
    if (error instanceof InvalidMessageError) return error;
    throw error;
  }
  throw new Error('the message passed');
}

class Sku {
  @Matches(/^[A-Z]+$/) readonly code!: string;
}

class OrderLine {
  @IsInt() readonly quantity!: number;
  @ValidateNested() @Type(() => Sku) readonly sku!: Sku;
}

class Base {
  @IsString() readonly tenant!: string;
}

@Message('orders.place')
class PlaceOrder extends Base {
  @IsEmail() readonly email!: string;
  @IsString({ each: true }) readonly tags!: string[];
  @ValidateNested({ each: true }) @Type(() => OrderLine) readonly lines!: OrderLine[];
}

const GOOD = { tenant: 't', email: 'a@b.io', tags: ['x'], lines: [{ quantity: 1, sku: { code: 'A' } }] };

describe('A message with class-validator rules', () => {
  it('is refused with every violation at its dotted path, and the next good one passes', () => {
    const validate = validatorOf(PlaceOrder);
    const message = rehydrator.toMessage(PlaceOrder, {
      email: 'nobody-at-home',
      tags: ['x', 5],
      lines: [GOOD.lines[0], { quantity: 'many', sku: { code: 'not-a-code' } }],
    });
    const error = failureOf(validate, message);
    expect(error.violations.map(({ path }) => path).toSorted()).toEqual([
      'email',
      'lines.1.quantity',
      'lines.1.sku.code',
      'tags',
      'tenant',
    ]);
    expect(error.messageName).toBe('orders.place');
    expect(error.subject).toBe(message);
    expect(Object.keys(error)).not.toContain('subject');
    expect(`${error.message}${JSON.stringify(error)}`).not.toMatch(/nobody-at-home|many|not-a-code/);
    expect(validate(rehydrator.toMessage(PlaceOrder, GOOD))).toBeUndefined();
  });

  it('is refused where a nested object is of no class that has rules', () => {
    const message = Object.assign(new PlaceOrder(), GOOD, { lines: [{ quantity: 1 }] });
    expect(failureOf(validatorOf(PlaceOrder), message).violations).toEqual([
      { path: 'lines.0', message: expect.stringContaining('@Type') },
    ]);
  });

  it('is refused where a nested field is no object', () => {
    const message = rehydrator.toMessage(PlaceOrder, { ...GOOD, lines: ['secret-line'] });
    const error = failureOf(validatorOf(PlaceOrder), message);
    expect(error.violations[0]?.path).toMatch(/^lines/);
    expect(error.message).not.toContain('secret-line');
  });

  it('is held to rules of its base, of any group', () => {
    class Grouped extends Base {
      @IsInt({ groups: ['create'] }) readonly size!: number;
    }
    const error = failureOf(validatorOf(Grouped), Object.assign(new Grouped(), { size: 'x' }));
    expect(error.violations.map(({ path }) => path)).toEqual(['size', 'tenant']);
  });

  it('is not shown in texts that ask for its values', () => {
    @ValidatorConstraint({ name: 'free' })
    class IsFree {
      validate() {
        return false;
      }
      defaultMessage() {
        return 'name $value is taken';
      }
    }
    class Quoting {
      @MinLength(20, { message: 'password $value is too short' }) readonly password = 'hunter2';
      @IsInt({ message: ({ value }: ValidationArguments) => `got ${String(value)}` }) readonly count = 'pin4711';
      @Validate(IsFree) readonly name = 'bob';
    }
    const error = failureOf(validatorOf(Quoting), new Quoting());
    expect(error.violations).toHaveLength(3);
    expect(error.message).not.toMatch(/hunter2|pin4711|bob/);
    expect(error.message).toContain('password [value] is too short');
  });

  it('has no validator where only @Allow or nothing marks its fields', () => {
    class Plain {
      readonly a!: string;
    }
    class Allowed {
      @Allow() readonly a!: string;
    }
    expect(validators.validatorFor(definitionOf(Plain))).toBeUndefined();
    expect(validators.validatorFor(definitionOf(Allowed))).toBeUndefined();
  });

  it('passes on the error of a rule that is itself broken', () => {
    @ValidatorConstraint()
    class Faulty {
      validate(): boolean {
        throw new RangeError('rule is broken');
      }
    }
    class Broken {
      @Matches(/x/) readonly a = 'x';
      @Validate(Faulty) readonly b = 1;
    }
    expect(() => validatorOf(Broken)(new Broken())).toThrow(RangeError);
  });

  it('has texts for as many violations as an error lists, and counts the others', async () => {
    const classValidator = await ClassValidator.load((specifier) => import(specifier) as Promise<object>);
    const findings = await classValidator?.ruleOf(PlaceOrder)?.(
      rehydrator.toMessage(PlaceOrder, {
        ...GOOD,
        lines: Array.from({ length: 150 }, () => ({ sku: GOOD.lines[0]?.sku })),
      }),
    );
    expect(findings?.violations).toHaveLength(100);
    expect(findings?.violationCount).toBe(150);
  });

  it('shows twenty violations in the text and all of them in the list', () => {
    class Many {
      @IsArray() @ValidateNested({ each: true }) readonly skus = Array.from({ length: 30 }, () => new Sku());
    }
    const error = failureOf(validatorOf(Many), new Many());
    expect(error.violations).toHaveLength(30);
    expect(error.message).toContain('skus.19.code');
    expect(error.message).not.toContain('skus.20.code');
    expect(error.message).toContain('and 10 more');
  });
});

describe('A message with asynchronous class-validator rules', () => {
  @ValidatorConstraint({ async: true })
  class IsKnown {
    async validate(value: unknown): Promise<boolean> {
      return Promise.resolve(value === 'known');
    }
  }
  class Customer {
    @Validate(IsKnown) readonly id!: string;
  }
  class Greet {
    @IsNotEmpty() readonly text!: string;
    @ValidateNested() @Type(() => Customer) readonly customer!: Customer;
  }

  it('is refused with all violations, also of nested objects, and the next good one passes', async () => {
    const validate = validatorOf(Greet);
    const bad = rehydrator.toMessage(Greet, { customer: { id: 'secret-id' } });
    await expect(validate(bad)).rejects.toMatchObject({
      violations: [
        { path: 'text', message: expect.any(String) },
        { path: 'customer.id', message: expect.not.stringContaining('secret-id') },
      ],
    });
    await expect(
      validate(rehydrator.toMessage(Greet, { text: 'hi', customer: { id: 'known' } })),
    ).resolves.toBeUndefined();
  });

  it('is refused by a rule that gives a promise without being marked asynchronous', async () => {
    class Unmarked {
      readonly a = 1;
    }
    registerDecorator({
      target: Unmarked,
      propertyName: 'a',
      name: 'later',
      options: {},
      constraints: [],
      validator: { validate: () => Promise.resolve(false), defaultMessage: () => 'never' },
    });
    await expect(validatorOf(Unmarked)(new Unmarked())).rejects.toMatchObject({
      violations: [{ path: 'a', message: 'never' }],
    });
  });

  it('is checked asynchronously where the executor of class-validator is not to be found', async () => {
    const classValidator = await ClassValidator.load(async (specifier) =>
      specifier === 'class-validator' ? await import('class-validator') : undefined,
    );
    const rule = classValidator?.ruleOf(Base);
    await expect(rule?.(new Base())).resolves.toMatchObject({ violations: [{ path: 'tenant' }] });
  });

  it('has no rules where class-validator is not installed', async () => {
    await expect(ClassValidator.load(() => Promise.resolve(undefined))).resolves.toBeUndefined();
  });
});

import 'reflect-metadata';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import { IsInt, MinLength, ValidateNested } from 'class-validator';
import { z } from 'zod';

import { Rehydrator } from '../../../../lib/message/codec/rehydrate.js';
import { InvalidMessageError } from '../../../../lib/message/errors.js';
import { definitionOf, Message } from '../../../../lib/message/message.decorator.js';
import type { MessageClass } from '../../../../lib/message/message.js';
import { MessageValidators } from '../../../../lib/message/validation/message-validators.js';

let validators: MessageValidators;
let rehydrator: Rehydrator;
beforeAll(async () => {
  validators = await MessageValidators.load();
  rehydrator = await Rehydrator.load();
});

/** What plain data is refused with, once it is a message of the class. */
function refusalOf(target: MessageClass, data: object): InvalidMessageError {
  try {
    expect(validators.validatorFor(definitionOf(target))?.(rehydrator.toMessage(target, data))).toBeUndefined();
  } catch (error) {
    if (error instanceof InvalidMessageError) return error;
    throw error;
  }
  throw new Error('the message passed');
}

function expectToPass(target: MessageClass, data: object): void {
  expect(validators.validatorFor(definitionOf(target))?.(rehydrator.toMessage(target, data))).toBeUndefined();
}

describe('A hostile message with a schema', () => {
  const count = z.int();

  @Message('strict', { schema: z.strictObject({ count }) })
  class Strict {}
  @Message('mail', { schema: z.object({ email: z.email() }) })
  class Mail {}
  @Message('counts', { schema: z.object({ counts: z.record(z.string(), z.array(count)) }) })
  class Counts {}

  it('is refused, without its text, where a string is too long for a pattern', () => {
    for (const secret of ['secret.'.repeat(100_000), '(secret'.repeat(20_000)]) {
      const error = refusalOf(Mail, { email: secret });
      expect(error.violations).toEqual([{ path: 'email', message: 'Invalid email address' }]);
      expect(error.message).not.toContain('secret');
    }
    expectToPass(Mail, { email: 'a@b.io' });
  });

  it('is refused in short where it has tens of thousands of unknown fields', () => {
    const fields = Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`field${index}`, index]));
    const error = refusalOf(Strict, { ...fields, count: 1 });
    expect(error.violations).toEqual([{ path: '', message: 'is invalid' }]);
    expectToPass(Strict, { count: 1 });
  });

  it('is refused with the first of its unknown fields where they are some hundred', () => {
    const fields = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`field${index}`, index]));
    const [violation] = refusalOf(Strict, { ...fields, count: 1 }).violations;
    expect(violation?.message).toMatch(/field0.*field20.*\.\.\.$/);
    expect(violation?.message).toHaveLength(500);
  });

  it('is refused with 100 violations and their number, under short paths, where a long key leads to many', () => {
    const key = 'k'.repeat(100_000);
    const error = refusalOf(Counts, { counts: { [key]: Array.from({ length: 5000 }, () => 'x') } });
    expect(error.violations).toHaveLength(100);
    expect(error.violationCount).toBe(5000);
    expect(JSON.stringify(error).length).toBeLessThan(40_000);
    expectToPass(Counts, { counts: { a: [1] } });
  });
});

describe('A hostile message with class-validator rules', () => {
  class Line {
    @IsInt() readonly quantity!: number;
  }
  class Order {
    @ValidateNested({ each: true }) @Type(() => Line) readonly lines!: Line[];
  }
  class Login {
    @MinLength(2_000_000, { message: 'password $value is too short' }) readonly password!: string;
  }
  class Count {
    @IsInt({ message: 'got $value' }) readonly count!: number;
  }

  it('is refused with 100 violations and their number where a list has more invalid items than a call can pass', () => {
    const lines = Array.from({ length: 150_000 }, () => ({}));
    const error = refusalOf(Order, { lines });
    expect(error.violations).toHaveLength(100);
    expect(error.violations.at(-1)?.path).toBe('lines.99.quantity');
    expect(error.violationCount).toBe(150_000);
    expect(error.message).toContain('and 149980 more');
    expectToPass(Order, { lines: [{ quantity: 1 }] });
  });

  it('is refused in short where a text quotes a long string', () => {
    const error = refusalOf(Login, { password: 'secret '.repeat(100_000) });
    expect(error.violations).toEqual([{ path: 'password', message: 'password [value]...' }]);
  });

  it('is refused in short where a list stands for a number', () => {
    const error = refusalOf(Count, { count: Array.from({ length: 140_000 }, (_, index) => index) });
    expect(error.violations).toEqual([{ path: 'count', message: 'is invalid' }]);
    expectToPass(Count, { count: 1 });
  });

  it.each(['pa$$word', 'secret$&', 'secret$`', "secret$'", 'secret$property', 'secret$target'])(
    'is refused without the value %s, which the library changes while it quotes it',
    (password) => {
      const error = refusalOf(Login, { password });
      expect(error.violations).toEqual([{ path: 'password', message: 'is invalid' }]);
    },
  );
});

describe('A hostile message with its own validate()', () => {
  class Own {
    readonly parts!: readonly string[];

    validate(): readonly string[] {
      return this.parts.map((part) => `part ${part}`);
    }
  }
  class Thrower {
    readonly size!: number;

    validate(): void {
      const violations = Array.from({ length: this.size }, () => ({ path: 'size', message: 'is too large' }));
      if (this.size > 1) throw new InvalidMessageError('part', violations);
    }
  }

  it('is refused with 100 of the texts it returns, each cut short', () => {
    const error = refusalOf(Own, { parts: Array.from({ length: 200_000 }, () => 'x'.repeat(1000)) });
    expect(error.violations).toHaveLength(100);
    expect(error.violationCount).toBe(200_000);
    expect(error.violations[0]?.message).toBe(`part ${'x'.repeat(492)}...`);
    expectToPass(Own, { parts: [] });
  });

  it('is refused with the number of violations of the error it throws', () => {
    const error = refusalOf(Thrower, { size: 200_000 });
    expect(error.violations).toHaveLength(100);
    expect(error.violationCount).toBe(200_000);
    expectToPass(Thrower, { size: 1 });
  });
});

describe('A hostile message with rules of two kinds', () => {
  @Message('both', { schema: z.object({ counts: z.array(z.int()) }) })
  class Both {
    readonly counts!: readonly unknown[];

    validate(): readonly string[] {
      return this.counts.map(() => 'is no count');
    }
  }

  it('is refused with 100 violations in all and the number of both', () => {
    const error = refusalOf(Both, { counts: Array.from({ length: 150 }, () => 'x') });
    expect(error.violations).toHaveLength(100);
    expect(error.violationCount).toBe(300);
    expectToPass(Both, { counts: [] });
  });
});

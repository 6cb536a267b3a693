import 'reflect-metadata';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { IsDate, IsISO8601, IsOptional } from 'class-validator';

import { ClassTransformer } from '../../../../lib/message/codec/class-transformer.js';
import { Rehydrator } from '../../../../lib/message/codec/rehydrate.js';
import { UnreadableMessageError } from '../../../../lib/message/errors.js';
import { Message } from '../../../../lib/message/message.decorator.js';
import { Command } from '../../../../lib/message/message.js';

let rehydrator: Rehydrator;
beforeAll(async () => {
  rehydrator = await Rehydrator.load();
});

@Message('orders.place', { version: 2 })
class PlaceOrder extends Command<string> {
  readonly page: number = 1;
  readonly orderId!: string;
  get total() {
    return 7;
  }
  validate() {
    return this.orderId !== '';
  }
}

class ByConstructor {
  ran = true;
  constructor(readonly orderId: string) {}
}

class Line {
  readonly sku!: string;
  label() {
    return `line ${this.sku}`;
  }
}

class WithTypes {
  @Type(() => Line) readonly lines!: Line[];
  readonly size: number = 3;
  validate() {
    return true;
  }
}

describe('Rehydrator refuses', () => {
  it.each([
    ['null', null],
    ['nothing', undefined],
    ['a text', 'x'],
    ['a number', 0],
    ['an array', [{}]],
    ['a Map', new Map()],
    ['a Date', new Date()],
    ['bytes', Buffer.alloc(1)],
  ])('%s, naming the message', (_title, plain) => {
    for (const target of [PlaceOrder, WithTypes, ByConstructor]) {
      expect(() => rehydrator.toMessage<object>(target, plain)).toThrow(UnreadableMessageError);
    }
    expect(() => rehydrator.toMessage(PlaceOrder, plain)).toThrow(/"orders\.place"/);
    expect(rehydrator.toMessage(PlaceOrder, { orderId: 'next' }).orderId).toBe('next');
  });

  it.each(['__proto__', 'constructor', 'prototype'])('the key %s and pollutes nothing', (key) => {
    const plain: unknown = JSON.parse(`{"${key}":{"polluted":true}}`);
    for (const target of [PlaceOrder, WithTypes, ByConstructor]) {
      expect(() => rehydrator.toMessage<object>(target, plain)).toThrow(UnreadableMessageError);
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('data that a transformation throws at, keeping the cause and hiding the data', () => {
    class Strict {
      @Transform(({ value }) => {
        throw new RangeError(`bad ${String(value)}`);
      })
      readonly code!: string;
    }
    let thrown: unknown;
    try {
      rehydrator.toMessage(Strict, { code: 'secret' });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'DISPATCH_UNREADABLE_MESSAGE', cause: expect.any(RangeError) });
    expect((thrown as Error).message).not.toContain('secret');
  });

  it('data that a setter throws at', () => {
    class Guarded {
      set level(value: number) {
        if (value > 3) throw new RangeError('too high');
      }
    }
    expect(() => rehydrator.toMessage(Guarded, { level: 4 })).toThrow(UnreadableMessageError);
  });
});

describe('Rehydrator, by direct assignment', () => {
  it('makes an instance with every field of the data, unknown ones too', () => {
    const message = rehydrator.toMessage(PlaceOrder, { orderId: 'o1', more: [1] });
    expect(message).toBeInstanceOf(PlaceOrder);
    expect(message).toMatchObject({ orderId: 'o1', more: [1] });
  });

  it('honours field initialisers of a class that can be constructed without arguments', () => {
    expect(rehydrator.toMessage(PlaceOrder, {}).page).toBe(1);
    expect(rehydrator.toMessage(PlaceOrder, { page: 2 }).page).toBe(2);
  });

  it('does not run a constructor that requires arguments, in the class or a base', () => {
    class Derived extends ByConstructor {}
    for (const target of [ByConstructor, Derived]) {
      const message = rehydrator.toMessage(target, { orderId: 'o1' });
      expect(message).toBeInstanceOf(target);
      expect(Object.entries(message)).toEqual([['orderId', 'o1']]);
    }
  });

  it('makes an instance of an abstract class without required parameters', () => {
    abstract class Base {
      readonly kind: string = 'base';
    }
    expect(rehydrator.toMessage(Base, {})).toEqual({ kind: 'base' });
  });

  it('does not let data replace a method, nor an accessor without a setter', () => {
    const message = rehydrator.toMessage(PlaceOrder, { validate: 1, total: 99, toString: 'x', orderId: '' });
    expect(message.validate()).toBe(false);
    expect(message.total).toBe(7);
    expect(message.toString).toBe(Object.prototype.toString);
  });

  it('gives back what is an instance already', () => {
    const message = new ByConstructor('o1');
    expect(rehydrator.toMessage(ByConstructor, message)).toBe(message);
  });

  class Dated {
    @IsDate() readonly at!: Date;
    @IsISO8601() readonly text!: string;
    @IsOptional() readonly more?: Date;
    readonly bare!: Date;
  }

  it.each(['2024-02-29T12:00:00.000Z', '2024-02-29', '2024-02-29T12:00+02:00'])(
    'makes a Date of %s where the decorated field is declared so',
    (text) => {
      expect(rehydrator.toMessage(Dated, { at: text, text }).at).toEqual(new Date(text));
      expect(rehydrator.toMessage(Dated, { text, bare: text })).toMatchObject({ text, bare: text });
    },
  );

  it.each(['2024-13-45', '2024-02-29T12:00:00', 'tomorrow', '', 5, null])(
    'leaves %j for validation to refuse',
    (value) => {
      expect(rehydrator.toMessage(Dated, { at: value }).at).toBe(value);
    },
  );
});

describe('Rehydrator, by class-transformer', () => {
  it('makes nested instances where the class says @Type', () => {
    const message = rehydrator.toMessage(WithTypes, { lines: [{ sku: 'a' }] });
    expect(message).toBeInstanceOf(WithTypes);
    expect(message.lines[0]?.label()).toBe('line a');
    expect(message.size).toBe(3);
  });

  it('takes a class whose base uses its decorators', () => {
    class Derived extends WithTypes {
      readonly own!: string;
    }
    const message = rehydrator.toMessage(Derived, { lines: [{ sku: 'a' }], own: 'x' });
    expect(message.lines[0]).toBeInstanceOf(Line);
    expect(message.own).toBe('x');
  });

  it('takes a class with @Expose, @Exclude or @Transform alone', () => {
    class Renamed {
      @Expose({ name: 'order_id' }) readonly orderId!: string;
    }
    class Hidden {
      @Exclude() readonly internal?: string;
    }
    class Upper {
      @Transform(({ value }: { value: unknown }) => String(value).toUpperCase()) readonly code!: string;
    }
    expect(rehydrator.toMessage(Renamed, { order_id: 'o1' }).orderId).toBe('o1');
    expect(rehydrator.toMessage(Hidden, { internal: 'x' }).internal).toBeUndefined();
    expect(rehydrator.toMessage(Upper, { code: 'x' }).code).toBe('X');
  });

  it('keeps bytes, dates, maps and sets that the codec restored', () => {
    const part = {
      bytes: new Uint8Array([1]),
      buffer: Buffer.from('b'),
      at: new Date(1),
      map: new Map([[1, 2n]]),
      set: new Set([1]),
    };
    const plain = { ...part, lines: [{ sku: 's', ...part }] };
    const message = rehydrator.toMessage(WithTypes, plain);
    expect(message).toMatchObject({ ...part, lines: [part] });
  });

  it('keeps what a transformation made of bytes, a map or a set', () => {
    class Sized {
      @Transform(({ obj }: { obj: { map: Map<string, number> } }) => new Map([...obj.map, ['sum', 3]]))
      readonly map!: Map<string, number>;
      @Transform(({ value }: { value: string[] }) => value.join()) readonly set!: string;
    }
    const message = rehydrator.toMessage(Sized, { map: new Map([['a', 3]]), set: new Set(['a', 'b']) });
    expect(message).toMatchObject({
      map: new Map([
        ['a', 3],
        ['sum', 3],
      ]),
      set: 'a,b',
    });
  });

  it('does not let data replace a method', () => {
    expect(rehydrator.toMessage(WithTypes, { lines: [], validate: 'x' }).validate()).toBe(true);
  });

  it('is used for every class where its metadata cannot be read, and for none where it is not installed', async () => {
    const main = await import('class-transformer');
    const unread = await ClassTransformer.load((name) =>
      Promise.resolve(name === 'class-transformer' ? main : undefined),
    );
    expect(unread?.isUsedBy(Line)).toBe(true);
    expect(unread?.make(WithTypes, { lines: [{ sku: 'a' }] }).lines[0]).toBeInstanceOf(Line);
    await expect(ClassTransformer.load(() => Promise.resolve(undefined))).resolves.toBeUndefined();
  });
});

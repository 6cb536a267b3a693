import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import type { AsyncContext } from '@nestjs/cqrs';

import { moved, original, start, type Library } from './libraries.js';

class Outer {}
class Inner {}
class Placed {}

@Injectable({ scope: Scope.REQUEST })
class UnitOfWork {}

/** Runs a request-scoped handler that passes what it was injected as REQUEST on, and tells who shared its scope. */
async function sharing(library: Library): Promise<string[]> {
  const seen: string[] = [];
  class Order extends library.AggregateRoot {}
  let outerUnit: UnitOfWork | undefined;

  @library.CommandHandler(Outer, { scope: Scope.REQUEST })
  class OuterHandler {
    constructor(
      @Inject(REQUEST) private readonly request: AsyncContext,
      @Inject(library.CommandBus) private readonly commands: InstanceType<Library['CommandBus']>,
      @Inject(library.EventPublisher) private readonly publisher: InstanceType<Library['EventPublisher']>,
      private readonly unit: UnitOfWork,
    ) {}

    async execute(_command: Outer) {
      outerUnit = this.unit;
      await this.commands.execute(new Inner(), this.request);
      const order = this.publisher.mergeObjectContext(new Order(), this.request);
      order.apply(new Placed());
      order.commit();
    }
  }

  @library.CommandHandler(Inner, { scope: Scope.REQUEST })
  class InnerHandler {
    constructor(private readonly unit: UnitOfWork) {}

    async execute(_command: Inner) {
      seen.push(`command ${this.unit === outerUnit}`);
    }
  }

  @library.EventsHandler(Placed, { scope: Scope.REQUEST })
  class PlacedHandler {
    constructor(private readonly unit: UnitOfWork) {}

    async handle(_event: Placed) {
      seen.push(`event ${this.unit === outerUnit}`);
    }
  }

  const app = await start(library, [UnitOfWork, OuterHandler, InnerHandler, PlacedHandler]);
  await app.get(library.CommandBus).execute(new Outer());
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await app.close();
  return seen;
}

describe('a request-scoped handler that passes its REQUEST on', () => {
  it('shares its scope with the command it sends and the events of its aggregate, in both libraries', async () => {
    const shared = ['command true', 'event true'];
    expect({ original: await sharing(original), moved: await sharing(moved) }).toEqual({
      original: shared,
      moved: shared,
    });
  });
});

import { setImmediate } from 'node:timers/promises';

import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  AmbientContext,
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  Message,
  type HandlerContext,
  type MessageHeaders,
} from 'nestjs-dispatch';

/** One step of a message and what it led to, as its handler saw it. */
export interface Step {
  readonly name: string;
  readonly id: string;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly headers: MessageHeaders;
  readonly ambientId: string | undefined;
}

/** What the handlers of one application saw. */
@Injectable()
export class Steps {
  readonly seen: Step[] = [];

  constructor(@Inject(AmbientContext) private readonly ambient: AmbientContext) {}

  /** Is handed the context, and finds the one that is current where it is called. */
  async note({ name, id, correlationId, causationId, headers }: HandlerContext): Promise<void> {
    await setImmediate();
    this.seen.push({ name, id, correlationId, causationId, headers, ambientId: this.ambient.current?.id });
  }
}

@Message('shipping.ship')
export class Ship extends Command {}
@Message('shipping.shipped')
export class Shipped extends Event {}
@Message('shipping.bill')
export class Bill extends Command<string> {}

@CommandHandler(Ship)
export class ShipHandler {
  constructor(@Inject(Steps) private readonly steps: Steps) {}

  async execute(_ship: Ship, context: HandlerContext): Promise<void> {
    await this.steps.note(context);
    await context.publishAndWait(new Shipped());
  }
}

@EventsHandler(Shipped)
export class BillWhenShipped {
  constructor(@Inject(Steps) private readonly steps: Steps) {}

  async handle(_shipped: Shipped, context: HandlerContext): Promise<void> {
    await this.steps.note(context);
    await context.execute(new Bill());
  }
}

@CommandHandler(Bill)
export class BillHandler {
  constructor(@Inject(Steps) private readonly steps: Steps) {}

  async execute(_bill: Bill, context: HandlerContext): Promise<string> {
    await this.steps.note(context);
    return 'billed';
  }
}

export class Pack extends Command<readonly [number, number, boolean]> {}

/** One for each message, shared by everything that handles it; numbers its instances within one application. */
@Injectable({ scope: Scope.REQUEST })
export class Parcel {
  readonly number: number;

  constructor(@Inject('parcels') parcels: { count: number }) {
    parcels.count += 1;
    this.number = parcels.count;
  }
}

/** Shares the parcel of the message with its handler. */
@Injectable({ scope: Scope.REQUEST })
export class Wrapping {
  constructor(@Inject(Parcel) readonly parcel: Parcel) {}
}

@CommandHandler(Pack, { scope: Scope.REQUEST })
export class PackHandler {
  constructor(
    @Inject(Parcel) private readonly parcel: Parcel,
    @Inject(Wrapping) private readonly wrapping: Wrapping,
    @Inject(REQUEST) private readonly request: object,
  ) {}

  async execute(_pack: Pack, context: HandlerContext): Promise<readonly [number, number, boolean]> {
    await setImmediate();
    return [this.parcel.number, this.wrapping.parcel.number, this.request === context];
  }
}

/** Tells what a handler is told. */
export class Inspect extends Command<Readonly<Record<string, unknown>>> {}

@CommandHandler(Inspect, { timeoutMs: 5000 })
export class InspectHandler {
  execute(message: Inspect, context: HandlerContext): Readonly<Record<string, unknown>> {
    const { id, name, version, kind, key, priority, attempt, timeoutMs, idempotencyKey, handler, sentAt } = context;
    const isOwn = context.message === message;
    const isLimited = context.deadline === undefined ? false : context.deadline.getTime() > Date.now();
    const facts = { id, name, version, kind, key, priority, attempt, timeoutMs, idempotencyKey, sentAt };
    return { ...facts, handler: handler.name, isOwn, isLimited, isAborted: context.signal.aborted };
  }
}

import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import {
  ContextIdFactory,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';
import { Command, CommandHandler, MessageContext, type HandlerContext } from 'nestjs-dispatch';

import { start } from '../dispatcher/application.js';

class CountOrders extends Command<string> {}

/** One durable sub-tree per tenant, the tenant being a header of the message. */
class TenantStrategy implements ContextIdStrategy<MessageContext> {
  private readonly tenants = new Map<string, ContextId>();

  attach(contextId: ContextId, request: MessageContext) {
    const tenant = request.headers.tenant ?? 'none';
    const shared = this.tenants.get(tenant) ?? ContextIdFactory.create();
    this.tenants.set(tenant, shared);
    return {
      resolve: ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? shared : contextId),
      payload: { tenant },
    };
  }
}

@Injectable({ scope: Scope.REQUEST, durable: true })
class TenantStore {
  private count = 0;

  constructor(@Inject(REQUEST) readonly request: { readonly tenant: string }) {}

  next(): number {
    this.count += 1;
    return this.count;
  }
}

afterEach(() => {
  ContextIdFactory.apply(undefined as never);
});

describe('a durable handler with a ContextIdStrategy', () => {
  it('is one instance per tenant, given the payload of the strategy as REQUEST', async () => {
    @CommandHandler(CountOrders, { scope: Scope.REQUEST, durable: true })
    class CountOrdersHandler {
      private count = 0;

      constructor(@Inject(TenantStore) private readonly store: TenantStore) {}

      execute(): string {
        this.count += 1;
        return `${this.store.request.tenant} ${this.store.next()} ${this.count}`;
      }
    }
    ContextIdFactory.apply(new TenantStrategy());
    const { dispatcher } = await start({ providers: [TenantStore, CountOrdersHandler] });
    const count = (tenant: string) => dispatcher.execute(new CountOrders(), { headers: { tenant } });
    expect([await count('a'), await count('b'), await count('a')]).toEqual(['a 1 1', 'b 1 1', 'a 2 2']);
  });

  it('leaves handlers that are not durable one instance per message, with the context as REQUEST', async () => {
    @CommandHandler(CountOrders, { scope: Scope.REQUEST })
    class CountOrdersHandler {
      private count = 0;

      constructor(
        @Inject(TenantStore) private readonly store: TenantStore,
        @Inject(REQUEST) private readonly request: MessageContext,
      ) {}

      execute(_command: CountOrders, context: HandlerContext): string {
        this.count += 1;
        return `${this.store.next()} ${this.count} ${this.request === context}`;
      }
    }
    ContextIdFactory.apply(new TenantStrategy());
    const { dispatcher } = await start({ providers: [TenantStore, CountOrdersHandler] });
    const count = () => dispatcher.execute(new CountOrders(), { headers: { tenant: 'a' } });
    expect([await count(), await count()]).toEqual(['1 1 true', '2 1 true']);
  });
});

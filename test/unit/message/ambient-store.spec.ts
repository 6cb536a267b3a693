import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';

import { AmbientContext, CommandHandler, Dispatcher, DispatchModule } from '../../../lib/index.js';

class PlaceOrder {}

describe('the ambient context of an application that has closed', () => {
  it('is let go of, also by what a handler has left running', async () => {
    const seen: (string | undefined)[] = [];
    let look = (): void => undefined;

    @CommandHandler(PlaceOrder)
    class PlaceOrderHandler {
      constructor(private readonly ambient: AmbientContext) {}

      async execute() {
        const note = (): void => void seen.push(this.ambient.current?.name);
        void new Promise<void>((resolve) => (look = resolve)).then(note);
        note();
      }
    }

    const app = await Test.createTestingModule({ imports: [DispatchModule.forRoot()], providers: [PlaceOrderHandler] })
      .compile()
      .then((module) => module.init());
    await app.get(Dispatcher).execute(new PlaceOrder());
    await app.close();
    look();
    await new Promise(setImmediate);
    expect(seen).toEqual(['PlaceOrder', undefined]);
  });
});

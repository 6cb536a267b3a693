import { Inject, Injectable, type INestApplicationContext } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  DeadLetters,
  Message,
  Sensitive,
  type DeadLetter,
  type Dispatcher,
  type HandlerContext,
  type ICommandHandler,
} from 'nestjs-dispatch';

import { until } from '../../unit/run-modes/queued-application.js';

/** The bank does not answer. */
export class BankError extends Error {
  override readonly name = 'BankError';
}

@Message('cards.charge')
export class ChargeCard extends Command {
  @Sensitive() readonly pin: string;

  constructor(
    readonly card: string,
    readonly amount = 1,
  ) {
    super();
    this.pin = `pin of ${card}`;
  }
}

@Message('cards.close')
export class CloseCard extends Command {
  constructor(readonly card: string) {
    super();
  }
}

/** Is down until a test says otherwise. */
@Injectable()
export class Bank {
  isUp = false;
  readonly charged: {
    readonly card: string;
    readonly amount: number;
    readonly pin: string;
    readonly tenant: unknown;
  }[] = [];
}

@CommandHandler(ChargeCard)
class ChargeCardHandler implements ICommandHandler<ChargeCard> {
  constructor(@Inject(Bank) private readonly bank: Bank) {}

  execute({ card, amount, pin }: ChargeCard, { headers }: HandlerContext): Promise<void> {
    if (!this.bank.isUp) return Promise.reject(new BankError(`no answer\u001b[31m about ${card}`));
    this.bank.charged.push({ card, amount, pin, tenant: headers['tenant'] });
    return Promise.resolve();
  }
}

@CommandHandler(CloseCard)
class CloseCardHandler implements ICommandHandler<CloseCard> {
  execute({ card }: CloseCard): Promise<void> {
    return Promise.reject(new TypeError(`there is no card ${card}`));
  }
}

/** What an application of these tests provides. */
export const CHARGING = [Bank, ChargeCardHandler, CloseCardHandler];

/** Sends charges for cards, one after the other, and waits until each is parked. @returns their letters in that order */
export async function parkCharges(
  { app, dispatcher }: { readonly app: INestApplicationContext; readonly dispatcher: Dispatcher },
  ...cards: string[]
): Promise<readonly DeadLetter[]> {
  const letters = app.get(DeadLetters);
  const parked: DeadLetter[] = [];
  for (const card of cards) {
    const before = await letters.count();
    await dispatcher.send(new ChargeCard(card), { headers: { tenant: 'acme' } });
    await until(`the charge of ${card} to be parked`, async () => (await letters.count()) > before);
    parked.push(...(await letters.list({ text: `about ${card}` }, { limit: 1 })).letters);
  }
  return parked;
}

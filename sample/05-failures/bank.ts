import { Injectable } from '@nestjs/common';

/** Another try in a moment will do. */
export class BankBusyError extends Error {
  override readonly name = 'BankBusyError';
}

/** It will not do for a long time. */
export class BankDownError extends Error {
  override readonly name = 'BankDownError';
}

/** No try will ever do. */
export class AccountClosedError extends Error {
  override readonly name = 'AccountClosedError';
}

export interface Transfer {
  readonly cents: number;
  readonly iban: string;
  readonly reference: string;
}

/** Stands for a service elsewhere, which has its moods. */
@Injectable()
export class Bank {
  /** Whether the branch of the accounts that begin with `N` answers. */
  isNorthUp = false;
  private transfers = 0;
  private readonly busy = new Set<string>();

  /** How many transfers were made. */
  get transferCount(): number {
    return this.transfers;
  }

  /** @returns the number of the transfer */
  transfer({ cents, iban }: Transfer): Promise<number> {
    const refusal = this.refusal(cents, iban);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.transfers += 1;
    return Promise.resolve(this.transfers);
  }

  private refusal(cents: number, iban: string): Error | undefined {
    if (cents <= 0) return new RangeError(`${cents} cents cannot be transferred`);
    if (iban.startsWith('X')) return new AccountClosedError('the account is closed');
    if (iban.startsWith('N') && !this.isNorthUp) return new BankDownError('the northern branch does not answer');
    if (!iban.startsWith('B') || this.busy.has(iban)) return undefined;
    this.busy.add(iban);
    return new BankBusyError('try again in a moment');
  }
}

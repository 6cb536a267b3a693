import { Injectable } from '@nestjs/common';

/** A read model: the event handlers keep it up to date, the queries read it. */
@Injectable()
export class SalesReport {
  readonly sales = { placed: 0, paid: 0, shipped: 0, revenueCents: 0 };
}

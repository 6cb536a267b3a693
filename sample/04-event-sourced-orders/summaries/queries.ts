import { Query } from 'nestjs-dispatch';

export interface Summary {
  readonly id: string;
  readonly customer: string;
  readonly cents: number;
  readonly currency: string;
  readonly lines: number;
  readonly isShipped: boolean;
}

/** All orders, as they are at a position at least. */
export class GetSummaries extends Query<readonly Summary[]> {
  constructor(readonly afterPosition: number) {
    super();
  }
}

/** What a message carries: about 200 bytes as JSON. */
export interface OrderData {
  readonly id: string;
  readonly customer: string;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
}

/** What a handler answers. */
export interface OrderReply {
  readonly id: string;
}

interface OrderLine {
  readonly article: string;
  readonly count: number;
  readonly priceInCents: number;
}

/** The same orders for both sides. */
export function orders(count: number): readonly OrderData[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `order-${String(index).padStart(6, '0')}`,
    customer: `customer-${String(index % 997).padStart(4, '0')}`,
    currency: 'EUR',
    lines: [
      { article: 'shirt-black-large', count: 2, priceInCents: 1999 },
      { article: 'shirt-white-medium', count: 1, priceInCents: 2499 },
    ],
  }));
}

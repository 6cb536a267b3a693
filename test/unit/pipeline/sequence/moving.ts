import {
  Command,
  CommandHandler,
  InSequence,
  Message,
  type HandlerContext,
  type InSequenceOptions,
} from 'nestjs-dispatch';

import { start, type Application, type Setup } from '../../dispatcher/application.js';

/** A numbered message. */
@Message('stock.move')
export class MoveStock extends Command<string> {
  constructor(
    readonly sku: string,
    readonly version: number,
  ) {
    super();
  }
}

/** What the handler does with a message, beside noting it. */
export type Handle = (message: MoveStock, context: HandlerContext) => unknown;

/** The handler's class, and what it has begun to handle. */
export function movingHandler(options: Partial<InSequenceOptions<MoveStock>> = {}, handle: Handle = () => undefined) {
  const seen: string[] = [];

  @InSequence({ key: ({ sku }: MoveStock) => sku, sequence: ({ version }: MoveStock) => version, ...options })
  @CommandHandler(MoveStock)
  class MoveStockHandler {
    async execute(message: MoveStock, context: HandlerContext): Promise<string> {
      seen.push(`${message.sku}${message.version}`);
      await handle(message, context);
      return `moved ${message.version}`;
    }
  }
  return { seen, handler: MoveStockHandler };
}

/** An application whose handler of {@link MoveStock} is in sequence for each sku. */
export interface Moving extends Application {
  readonly seen: readonly string[];
  move(sku: string, version: number): Promise<string>;
}

export async function startMoving(
  options: Partial<InSequenceOptions<MoveStock>> = {},
  handle?: Handle,
  setup: Setup = {},
): Promise<Moving> {
  const { seen, handler } = movingHandler(options, handle);
  const application = await start({ ...setup, providers: [handler] });
  const move = (sku: string, version: number): Promise<string> =>
    application.dispatcher.execute(new MoveStock(sku, version));
  return { ...application, seen, move };
}

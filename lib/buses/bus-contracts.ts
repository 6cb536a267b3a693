import type { CommandBus } from './command-bus.js';
import type { EventBus } from './event-bus.js';
import type { QueryBus } from './query-bus.js';

/** What a sender of commands needs of the bus; the name is kept from `@nestjs/cqrs`. */
export type ICommandBus<CommandBase extends object = object> = Pick<CommandBus<CommandBase>, 'execute'>;

/** What a sender of queries needs of the bus; the name is kept from `@nestjs/cqrs`. */
export type IQueryBus<QueryBase extends object = object> = Pick<QueryBus<QueryBase>, 'execute'>;

/** What a publisher of events needs of the bus; the name is kept from `@nestjs/cqrs`. */
export type IEventBus<EventBase extends object = object> = Pick<EventBus<EventBase>, 'publish' | 'publishAll'>;

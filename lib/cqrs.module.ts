import { Logger, Module, type DynamicModule } from '@nestjs/common';

import type { ICommandPublisher, IEventPublisher, IQueryPublisher } from './buses/publishers.js';
import { DispatchModule } from './dispatch.module.js';
import type { DispatchAsyncOptions } from './dispatch.options.js';
import type { IUnhandledExceptionPublisher } from './failures/unhandled-exception-bus.js';

/** Options of {@link CqrsModule}, with the names of `@nestjs/cqrs`. */
export interface CqrsModuleOptions {
  readonly commandPublisher?: ICommandPublisher;
  readonly queryPublisher?: IQueryPublisher;
  readonly eventPublisher?: IEventPublisher;
  readonly unhandledExceptionPublisher?: IUnhandledExceptionPublisher;
  /** Has no effect but a warning: the error of an event handler or a saga never becomes an unhandled rejection here. */
  readonly rethrowUnhandled?: boolean;
}

/**
 * {@link DispatchModule} under the name that applications written for `@nestjs/cqrs` import, so that moving here means
 * changing the import line. It may be imported any number of times, with or without `forRoot()` in the root module.
 */
@Module({ imports: [DispatchModule], exports: [DispatchModule] })
export class CqrsModule {
  static forRoot(options: CqrsModuleOptions = {}): DynamicModule {
    const { rethrowUnhandled, ...dispatchOptions } = options;
    if (rethrowUnhandled === true) {
      new Logger('CqrsModule').warn('"rethrowUnhandled" has no effect: watch the UnhandledExceptionBus instead.');
    }
    return DispatchModule.forRoot(dispatchOptions);
  }

  static forRootAsync(options: DispatchAsyncOptions): DynamicModule {
    return DispatchModule.forRootAsync(options);
  }
}

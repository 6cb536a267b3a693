import { ForbiddenException } from '@nestjs/common';
import { FORBIDDEN_MESSAGE, GuardsConsumer } from '@nestjs/core/guards/index.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { InterceptorsConsumer } from '@nestjs/core/interceptors/index.js';
import { PipesConsumer } from '@nestjs/core/pipes/index.js';
import { isObservable, lastValueFrom } from 'rxjs';

import type { InvokeInstance } from '../../handlers/invocation.js';
import type { MessageContext } from '../../message/message-context.js';
import type { DispatchContextType } from './dispatch-execution-context.js';
import type { EnhancerHost, EnhancerSet } from './enhancer-set.js';

const TYPE: DispatchContextType = 'dispatch';

/** Calls one handler through what stands around it: guards, interceptors, pipes, the handler; filters where one throws. */
export class EnhancedCall {
  private readonly guards = new GuardsConsumer();
  private readonly interceptors = new InterceptorsConsumer();
  private readonly pipes = new PipesConsumer();

  constructor(
    private readonly host: EnhancerHost,
    private readonly call: InvokeInstance,
  ) {}

  async run(set: EnhancerSet, instance: object, message: object, context: MessageContext): Promise<unknown> {
    const args = [message, context];
    try {
      await this.admit(set, args);
      const handle = () => this.handle(set, instance, message, context);
      return set.interceptors.length === 0 ? await handle() : await this.intercept(set, args, handle);
    } catch (error) {
      // Work that was stopped is no failure, and must not become a result: a queue gives it back.
      if (context.hasSignal && context.signal.aborted) throw error;
      return this.filter(set, args, error);
    }
  }

  private async admit({ guards }: EnhancerSet, args: unknown[]): Promise<void> {
    const { bare, method } = this.host;
    const isAdmitted = await this.guards.tryActivate([...guards], args, bare, method, TYPE);
    if (!isAdmitted) throw new ForbiddenException(FORBIDDEN_MESSAGE);
  }

  private async intercept(
    { interceptors }: EnhancerSet,
    args: unknown[],
    next: () => Promise<unknown>,
  ): Promise<unknown> {
    const { bare, method } = this.host;
    const result: unknown = await this.interceptors.intercept([...interceptors], args, bare, method, next, TYPE);
    // Its last value, as Nest takes it; one that emits nothing fails with RxJS's EmptyError, as it does there.
    return isObservable(result) ? lastValueFrom(result) : result;
  }

  private async handle({ pipes }: EnhancerSet, instance: object, message: object, context: MessageContext) {
    const argument = { type: 'custom', metatype: this.host.message, data: undefined } as const;
    // A handler is given what the pipes made of its message, as a controller is of its body.
    const piped = (await this.pipes.applyPipes(message, argument, [...pipes])) as object;
    return this.call(instance, piped, context);
  }

  /** Only the nearest filter that catches the error is asked; undefined means that it has no result to offer. */
  private async filter({ filters }: EnhancerSet, args: unknown[], error: unknown): Promise<unknown> {
    const host = new ExecutionContextHost(args, this.host.type, this.host.method);
    host.setType<DispatchContextType>(TYPE);
    const answer: unknown = await filters.invokeCustomFilters(error, host);
    // An Observable of nothing offers no result either: its EmptyError would hide what has happened.
    const result: unknown = isObservable(answer) ? await lastValueFrom(answer, { defaultValue: undefined }) : answer;
    if (result === undefined) throw error;
    return result;
  }
}

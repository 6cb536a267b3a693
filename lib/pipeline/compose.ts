import type { MessageContext } from '../message/message-context.js';
import type { Invoke } from '../handlers/invocation.js';
import { NextCalledTwiceError, type Next } from './behavior.js';

/** One behavior, ready to be called for any message. */
export interface PipelineStep {
  /** Class name of the behavior, for errors. */
  readonly name: string;
  readonly handle: (context: MessageContext, next: Next) => unknown;
}

/** Puts steps around the innermost call, the first of them outermost. Done once; a message then passes plain closures. */
export function compose(steps: readonly PipelineStep[], innermost: Invoke): Invoke {
  return steps.reduceRight(around, innermost);
}

function around(inner: Invoke, step: PipelineStep): Invoke {
  return (context) => {
    let isCalled = false;
    return step.handle(context, () => {
      if (isCalled) return Promise.reject(new NextCalledTwiceError(step.name, context.name));
      isCalled = true;
      return invokeAsync(inner, context);
    });
  };
}

/** Calls and always answers with a promise: a synchronous throw becomes a rejection. */
function invokeAsync(invoke: Invoke, context: MessageContext): Promise<unknown> {
  try {
    return Promise.resolve(invoke(context));
  } catch (error) {
    return Promise.reject(error);
  }
}

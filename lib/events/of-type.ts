import { filter, type Observable } from 'rxjs';

import type { MessageClass } from '../message/message.js';

/** An operator that keeps the instances of the classes, subclasses included, and narrows the type to them. */
export function ofType<Input extends object, Classes extends MessageClass[]>(...types: Classes) {
  type Output = InstanceType<Classes[number]>;
  return (source: Observable<Input>): Observable<Output> =>
    source.pipe(filter((event): event is Input & Output => types.some((type) => event instanceof type)));
}

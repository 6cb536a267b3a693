import { Controller, Get } from '@nestjs/common';
import { Queues, type QueueCounts } from 'nestjs-dispatch';

/** What an operator looks at: a process with the role `send` sees the queues as well as any other. */
@Controller('queues')
export class QueuesController {
  constructor(private readonly queues: Queues) {}

  @Get()
  async counts(): Promise<Record<string, QueueCounts>> {
    const entries = this.queues.names.map(async (name) => [name, await this.queues.counts(name)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }
}

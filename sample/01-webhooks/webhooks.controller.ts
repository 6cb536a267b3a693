import { Controller, HttpCode, Post, Req, type RawBodyRequest } from '@nestjs/common';
import type { Request } from 'express';
import { Dispatcher, type ProcessResult } from 'nestjs-dispatch';

import { WEBHOOKS_PATH } from './settings.js';
import { Tally } from './tally.js';

/** Hands the untouched bytes on; what is refused becomes an HTTP status in the `DispatchExceptionFilter`. */
@Controller(WEBHOOKS_PATH)
export class WebhooksController {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly tally: Tally,
  ) {}

  @Post()
  @HttpCode(200)
  receive(@Req() request: RawBodyRequest<Request>): Promise<ProcessResult> {
    this.tally.onReceived();
    return this.dispatcher.process(request.rawBody, { headers: request.headers, transport: 'http' });
  }
}

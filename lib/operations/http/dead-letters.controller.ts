import { Body, Delete, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';

import type { DeadLetterEdit } from '../../failures/dead-letters/dead-letter-source.port.js';
import type { DeadLetter, DeadLetterGroup } from '../../failures/dead-letters/dead-letter.js';
import { DeadLetters, type DiscardReport, type ReplayReport } from '../../failures/dead-letters/dead-letters.js';
import { LetterViews, type DeadLetterView } from '../letter-views.js';
import { answered, notFound, oneAnswer, reportAnswer, type ReportAnswer } from './answers.js';
import { badRequest, RequestInput } from './request-input.js';

/**
 * The routes for dead letters, without a path and without guards: `DeadLettersHttpModule` makes a controller of them with
 * both.
 */
@Injectable()
export class DeadLetterRoutes {
  constructor(
    private readonly letters: DeadLetters,
    private readonly views: LetterViews,
  ) {}

  /** One page of letters, the newest first. */
  @Get()
  async list(
    @Query() query: unknown,
  ): Promise<{ readonly letters: readonly DeadLetterView[]; readonly next: string | undefined }> {
    const input = new RequestInput(query, 'the query').allow([...RequestInput.filterNames, 'limit', 'after']);
    const [filter, limit, after] = [input.filter(), input.number('limit'), input.text('after')];
    input.check();
    const paging = { ...(limit !== undefined && { limit }), ...(after !== undefined && { after }) };
    const page = await answered(this.letters.list(filter, paging));
    return { letters: page.letters.map((letter) => this.views.view(letter)), next: page.next };
  }

  /** The letters counted by cause, the most frequent first. */
  @Get('groups')
  async groups(@Query() query: unknown): Promise<readonly DeadLetterGroup[]> {
    const input = new RequestInput(query, 'the query').allow(RequestInput.filterNames);
    const filter = input.filter();
    input.check();
    return answered(this.letters.groups(filter));
  }

  /** One letter. */
  @Get(':id')
  async show(@Param('id') id: string): Promise<DeadLetterView> {
    return this.views.view(await this.known(id));
  }

  /** Replays one letter; the body may say `{ edit: { headers, payload } }`. */
  @Post(':id/replay')
  @HttpCode(200)
  async replayOne(@Param('id') id: string, @Body() body: unknown): Promise<ReportAnswer<ReplayReport>> {
    const input = new RequestInput(body, 'the body').allow(['edit']);
    const edited = new RequestInput(input.object('edit'), 'edit').allow(['headers', 'payload']);
    input.include(edited);
    input.check();
    const letter = await this.known(id);
    const edit = input.has('edit') ? this.editOf(edited, letter) : undefined;
    return oneAnswer(await answered(this.letters.replay(id, edit && { edit })));
  }

  /** Replays the letters that `filter` lets through; `{}` means all. */
  @Post('replay')
  @HttpCode(200)
  async replay(@Body() body: unknown): Promise<ReportAnswer<ReplayReport>> {
    const input = new RequestInput(body, 'the body').allow(['filter', 'dryRun', 'ratePerSecond', 'limit']);
    const filter = filterIn(input);
    const [dryRun, ratePerSecond, limit] = [input.flag('dryRun'), input.number('ratePerSecond'), input.number('limit')];
    input.check();
    const options = {
      ...(dryRun !== undefined && { dryRun }),
      ...(ratePerSecond !== undefined && { ratePerSecond }),
      ...(limit !== undefined && { limit }),
    };
    return reportAnswer(await answered(this.letters.replay(filter, options)));
  }

  /** Discards one letter; the body says `{ reason }`. */
  @Post(':id/discard')
  @HttpCode(200)
  async discardOne(@Param('id') id: string, @Body() body: unknown): Promise<ReportAnswer<DiscardReport>> {
    const input = new RequestInput(body, 'the body').allow(['reason']);
    const reason = reasonIn(input);
    input.check();
    await this.known(id);
    return oneAnswer(await answered(this.letters.discard(id, { reason })));
  }

  /** Discards the letters that `filter` lets through; `{}` means all. */
  @Post('discard')
  @HttpCode(200)
  async discard(@Body() body: unknown): Promise<ReportAnswer<DiscardReport>> {
    const input = new RequestInput(body, 'the body').allow(['filter', 'reason', 'dryRun']);
    const [filter, reason, dryRun = false] = [filterIn(input), reasonIn(input), input.flag('dryRun')];
    input.check();
    return reportAnswer(await answered(this.letters.discard(filter, { reason, dryRun })));
  }

  /** Removes the letters that were parked too long ago: `?olderThan=30d`, and the fields of a filter. */
  @Delete()
  async purge(@Query() query: unknown): Promise<ReportAnswer<DiscardReport>> {
    const input = new RequestInput(query, 'the query').allow(['olderThan', 'dryRun', ...RequestInput.filterNames]);
    const [olderThanMs, filter, dryRun = false] = [input.duration('olderThan'), input.filter(), input.flag('dryRun')];
    input.check();
    return reportAnswer(await answered(this.letters.purge({ olderThanMs, filter, dryRun })));
  }

  private async known(id: string): Promise<DeadLetter> {
    const letter = await answered(this.letters.get(id));
    if (letter === undefined) throw notFound(id);
    return letter;
  }

  /** What was masked in the payload is put back. */
  private editOf(edited: RequestInput, letter: DeadLetter): DeadLetterEdit {
    // The service checks it, whatever it is.
    const headers = edited.value('headers') as NonNullable<DeadLetterEdit['headers']> | undefined;
    if (!edited.has('payload')) return { ...(headers !== undefined && { headers }) };
    const { payload, lost } = this.views.unmasked(edited.value('payload'), letter);
    if (lost.length > 0) throw badRequest([`the payload is masked where nothing is stored: ${lost.join(', ')}`]);
    return { ...(headers !== undefined && { headers }), payload };
  }
}

/** The filter of a body; that all are meant has to be said. */
function filterIn(input: RequestInput) {
  if (!input.has('filter')) input.problem('the body has no filter; {} means every letter');
  const inner = new RequestInput(input.object('filter'), 'the filter').allow(RequestInput.filterNames);
  const filter = inner.filter();
  input.include(inner);
  return filter;
}

function reasonIn(input: RequestInput): string {
  if (!input.has('reason')) input.problem('the body has no reason; say why');
  return input.text('reason') ?? '';
}

import { Global, Injectable, Module } from '@nestjs/common';
import { filter, firstValueFrom, ReplaySubject } from 'rxjs';

/** What happened in the application, in order. */
@Injectable()
export class Journal {
  readonly lines: string[] = [];
  private readonly written$ = new ReplaySubject<string>();

  write(line: string): void {
    this.lines.push(line);
    this.written$.next(line);
  }

  /** Resolves once the line has been written, also where that was before. */
  async has(line: string): Promise<void> {
    await firstValueFrom(this.written$.pipe(filter((written) => written === line)));
  }
}

@Global()
@Module({ providers: [Journal], exports: [Journal] })
export class JournalModule {}

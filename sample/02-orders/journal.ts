import { Injectable } from '@nestjs/common';

/** Notes what happens inside the application. */
@Injectable()
export class Journal {
  private lines: string[] = [];
  private isPrinting = false;

  write(line: string): void {
    if (this.isPrinting) console.log(`    ${line}`);
    else this.lines.push(line);
  }

  /** What was written since the last call. Sorted, because handlers behind a queue run in no fixed order. */
  take(): string[] {
    return this.lines.splice(0).toSorted();
  }

  /** From now on prints at once what is written. */
  print(): void {
    this.isPrinting = true;
  }
}

import { Injectable } from '@nestjs/common';

/** Prints what happens inside the application, indented under the request that set it off. */
@Injectable()
export class Journal {
  write(line: string): void {
    console.log(`    ${line}`);
  }
}

const WIDTH = 40;

/** Draws a bar on a terminal, and nothing where the output goes to a file or another program. */
export class ProgressBar {
  private drawn = '';

  constructor(
    private readonly total: number,
    private readonly output: NodeJS.WriteStream,
  ) {}

  show(done: number): void {
    if (!this.output.isTTY) return;
    const filled = Math.floor((done / this.total) * WIDTH);
    const bar = `[${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}]`;
    if (bar !== this.drawn) this.output.write(`\r${bar} ${done} of ${this.total}`);
    this.drawn = bar;
  }

  clear(): void {
    if (this.output.isTTY) this.output.write('\r\u001B[K');
  }
}

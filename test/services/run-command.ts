import { execFile, type ExecFileOptions } from 'node:child_process';

/** How a command is run; `started` is told its process id. */
export interface CommandOptions extends Pick<ExecFileOptions, 'cwd' | 'env' | 'uid' | 'gid' | 'timeout'> {
  started?(pid: number | undefined): void;
}

/** Runs a command to its end and gives its output. @throws Error with the last lines it printed when it fails. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { started, ...rest } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { ...rest, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-10).join('\n');
      reject(new Error(`"${[command, ...args].join(' ')}" failed: ${output || error.message}`, { cause: error }));
    });
    started?.(child.pid);
  });
}

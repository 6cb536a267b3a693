/** Where a handler runs. */
export enum RunMode {
  /** In the caller's turn: the handler has started before the call returns. */
  Sync = 'sync',
  /** Through a queue; the caller's promise still settles with the handler's result. */
  Async = 'async',
}

/** The run mode that is meant by what is said: whoever names a queue and no run mode means `RunMode.Async`. */
export function meantRunMode(said: { readonly runMode?: RunMode; readonly queue?: string }): RunMode | undefined {
  return said.runMode ?? (said.queue === undefined ? undefined : RunMode.Async);
}

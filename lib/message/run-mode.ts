/** Where a handler runs. */
export enum RunMode {
  /** In the caller's turn: the handler has started before the call returns. */
  Sync = 'sync',
  /** Through a queue; the caller's promise still settles with the handler's result. */
  Async = 'async',
}

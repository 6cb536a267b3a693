/** What happens in the processes of a run. */
export type ChaosEvent =
  | 'ready'
  /** A sender has the answer of the store for a message, or for all of its messages. */
  | 'acknowledged'
  | 'finished'
  /** A worker is handed a message, and hands its settlement to the store. */
  | 'fetched'
  | 'settled'
  | 'parked'
  /** A handler starts, has called the outside world, has had its effect, or has failed. */
  | 'started'
  | 'called'
  | 'done'
  | 'failed'
  /** A worker is about to be killed by itself; `detail` is the point. */
  | 'struck';

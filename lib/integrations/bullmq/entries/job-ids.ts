/** Ids that BullMQ takes as they are. It refuses whole numbers, and `:` parts its keys. */
const PLAIN = /^[\w.~!*'()-]+$/;
const WHOLE_NUMBER = /^-?\d+$/;
/** What BullMQ's own schedulers call the jobs they make. */
const SCHEDULED = /^repeat:[^:]+:\d+$/;
const EMPTY = '%';

/** The job id of an entry id, which may be any text. {@link entryIdOf} is the way back. */
export function jobIdOf(entryId: string): string {
  if (PLAIN.test(entryId) && !WHOLE_NUMBER.test(entryId)) return entryId;
  if (entryId === '') return EMPTY;
  if (SCHEDULED.test(entryId)) return entryId;
  const encoded = encode(entryId);
  return WHOLE_NUMBER.test(encoded) ? `%${hex(encoded.charCodeAt(0))}${encoded.slice(1)}` : encoded;
}

/** The entry id of a job id; a job id that is none of ours stays as it is. */
export function entryIdOf(jobId: string): string {
  if (!jobId.includes('%') || SCHEDULED.test(jobId)) return jobId;
  if (jobId === EMPTY) return '';
  try {
    return jobId.replaceAll(/%u[\dA-F]{4}|(?:%[\dA-F]{2})+/g, decode);
  } catch {
    return jobId;
  }
}

function encode(text: string): string {
  // Half of a surrogate pair is no character, and encodeURIComponent throws at it.
  return Array.from(text, (character) =>
    /^[\uD800-\uDFFF]$/.test(character) ? `%u${hex(character.charCodeAt(0))}` : encodeURIComponent(character),
  ).join('');
}

function decode(escape: string): string {
  if (!escape.startsWith('%u')) return decodeURIComponent(escape);
  return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
}

function hex(code: number): string {
  return code.toString(16).toUpperCase();
}

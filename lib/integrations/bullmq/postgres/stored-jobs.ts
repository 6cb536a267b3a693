import type { JobJson } from 'bullmq';

/** Where a JSON text is kept that Postgres cannot keep as JSON. */
const WRAPPED = 'dispatch~base64';
/** `jsonb` holds neither NUL nor half a surrogate pair, which JSON texts hold as these escapes. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/i;

/** A job whose texts Postgres can keep. */
export function storableJob(job: JobJson): JobJson {
  return { ...job, name: storableText(job.name), data: storableJson(job.data) };
}

/** The job as it was before it was made storable. */
export function originalJob(json: JobJson): JobJson {
  const { data, returnvalue, progress } = json;
  return {
    ...json,
    data: originalJson(data),
    ...(returnvalue !== undefined && { returnvalue: originalJson(returnvalue) }),
    // It was JSON before, and JSON of any form may be progress.
    progress: JSON.parse(originalJson(JSON.stringify(progress ?? 0))) as JobJson['progress'],
  };
}

/** A value that Postgres can keep as JSON; undefined becomes null. */
export function storableValue(value: unknown): unknown {
  const text = JSON.stringify(value ?? null);
  const storable = storableJson(text);
  return storable === text ? value : (JSON.parse(storable) as unknown);
}

/** What BullMQ stores of an error: the reason as a text, the stack traces as JSON. */
export function storableFields(fields: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  if (fields === undefined) return undefined;
  const { failedReason, stacktrace } = fields;
  return {
    ...fields,
    ...(typeof failedReason === 'string' && { failedReason: storableText(failedReason) }),
    ...(typeof stacktrace === 'string' && { stacktrace: storableTrace(stacktrace) }),
  };
}

/** Stack traces are for people: what Postgres cannot keep of one is left out. */
function storableTrace(text: string): string {
  const traces = JSON.parse(text) as unknown;
  if (!Array.isArray(traces)) return text;
  return JSON.stringify(
    traces.map((trace) => (typeof trace === 'string' ? storableText(Buffer.from(trace).toString()) : trace)),
  );
}

/**
 * A JSON text that Postgres can keep, from any JSON text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-json.html
 */
export function storableJson(text: string): string {
  if (!UNSTORABLE.test(text) && !text.includes(WRAPPED)) return text;
  return JSON.stringify({ [WRAPPED]: Buffer.from(text).toString('base64') });
}

/** The JSON text that was made storable. */
export function originalJson(text: string): string {
  if (!text.includes(WRAPPED)) return text;
  const { [WRAPPED]: wrapped } = JSON.parse(text) as { readonly [WRAPPED]?: unknown };
  return typeof wrapped === 'string' ? Buffer.from(wrapped, 'base64').toString() : text;
}

/** A text that Postgres can keep: it has no NUL. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}');
}

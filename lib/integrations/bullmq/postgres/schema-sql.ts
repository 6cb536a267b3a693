/**
 * What this adapter adds to BullMQ's schema, one text for each version, never changed once released. Parameter names and
 * variables begin with `p_` and `v_`, so that none is taken for a column.
 */
export const SCHEMA_VERSIONS: readonly string[] = [
  `
-- What instances tell each other. Not logged: after a crash of the server the ends of entries are read from the entries.
CREATE UNLOGGED TABLE dispatch_message (
  instance text        NOT NULL,
  seq      bigint      GENERATED ALWAYS AS IDENTITY,
  body     text        NOT NULL,
  sent_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (instance, seq)
);
CREATE INDEX dispatch_message_sent_at ON dispatch_message (sent_at);

CREATE FUNCTION dispatch_tell(p_channel text, p_instance text, p_bodies text[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO dispatch_message (instance, body)
  SELECT p_instance, b FROM unnest(p_bodies) WITH ORDINALITY AS t(b, n) ORDER BY n;
  PERFORM pg_notify(p_channel, '');
END;
$$;

-- When a worker may find a job: 0 now, else a time in milliseconds, NULL where nobody knows. BullMQ's own check says "now"
-- also of a queue whose global concurrency is used up, and its worker then asks again without a pause.
CREATE FUNCTION dispatch_next(p_queue text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
  v_concurrency integer;
BEGIN
  IF EXISTS (SELECT 1 FROM meta WHERE queue = p_queue AND field = 'paused' AND value = '1') THEN
    RETURN NULL;
  END IF;
  SELECT value::integer INTO v_concurrency FROM meta WHERE queue = p_queue AND field = 'concurrency';
  IF v_concurrency <= (SELECT count(*) FROM job WHERE queue = p_queue AND state = 'active') THEN
    RETURN NULL;
  END IF;
  IF EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND state = 'waiting') THEN
    RETURN 0;
  END IF;
  RETURN (SELECT min(process_at_ms) FROM job WHERE queue = p_queue AND state = 'delayed');
END;
$$;

-- Frees jobs whose worker is gone. BullMQ puts them last; here they keep their place, so that no later job of the same
-- key overtakes them. One session at a time: of two at once, the second would free what the first has only just marked, and
-- not know its place.
CREATE FUNCTION dispatch_recover_stalled(
  p_queue text, p_max_stalled integer, p_now bigint, p_max_check_time bigint
) RETURNS SETOF text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_ids  text[];
  v_seqs bigint[];
  v_id   text;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('dispatch:stalled'), hashtext(p_queue)) THEN
    RETURN;
  END IF;
  SELECT array_agg(id), array_agg(seq) INTO v_ids, v_seqs
    FROM job
   WHERE queue = p_queue AND state = 'active' AND stalled_marked AND locked_until_ms < p_now;
  FOR v_id IN SELECT t FROM move_stalled_jobs_to_wait(p_queue, p_max_stalled, p_now, p_max_check_time) AS t LOOP
    UPDATE job SET seq = COALESCE(v_seqs[array_position(v_ids, v_id)], seq) WHERE queue = p_queue AND id = v_id;
    RETURN NEXT v_id;
  END LOOP;
END;
$$;

-- Gives a job back unhandled. BullMQ puts it last where it has no priority; here it keeps its place, which is before all
-- that wait. Returns whether the token held the job.
CREATE FUNCTION dispatch_give_back(p_queue text, p_id text, p_token text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE job
     SET state = 'waiting', lock_token = NULL, locked_until_ms = NULL, stalled_marked = false
   WHERE queue = p_queue AND id = p_id AND state = 'active' AND lock_token = p_token;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM pg_notify('bullmq_jobs', p_queue);
  PERFORM publish_event(p_queue, 'waiting', jsonb_build_object('jobId', p_id, 'prev', 'active'));
  RETURN true;
END;
$$;

-- As BullMQ's, but behind all that wait by then, as on Redis: with its old number it would go first.
CREATE FUNCTION dispatch_delay(
  p_queue text, p_id text, p_token text, p_process_at bigint, p_delay bigint, p_skip_attempt boolean,
  p_failed_reason text, p_stacktrace jsonb
) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM move_to_delayed(
    p_queue, p_id, p_token, p_process_at, p_delay, p_skip_attempt, p_failed_reason, p_stacktrace);
  UPDATE job SET seq = nextval('job_seq') WHERE queue = p_queue AND id = p_id;
END;
$$;

-- Removes a job that waits. BullMQ's own would also remove one that a worker takes at that moment. Locks are taken in
-- BullMQ's order: of the deduplication id, of its row, of the job.
CREATE FUNCTION dispatch_remove_waiting(p_queue text, p_id text) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_dedup     text;
  v_scheduler text;
  v_state     job_state;
BEGIN
  SELECT dedup_id INTO v_dedup FROM job WHERE queue = p_queue AND id = p_id;
  IF v_dedup IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('bullmq:dedup:' || p_queue || ':' || v_dedup));
    PERFORM 1 FROM dedup WHERE queue = p_queue AND dedup_id = v_dedup FOR UPDATE;
  END IF;
  SELECT state, scheduler_id INTO v_state, v_scheduler FROM job WHERE queue = p_queue AND id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  ELSIF v_state = 'active' THEN
    RETURN 'active';
  ELSIF v_state IN ('completed', 'failed') THEN
    RETURN 'finished';
  END IF;
  -- BullMQ's way to say that the job belongs to a scheduler, whose next job is made from it.
  IF v_scheduler IS NOT NULL THEN
    RAISE EXCEPTION 'job belongs to a scheduler' USING ERRCODE = 'BM001', DETAIL = '-8';
  END IF;
  PERFORM dedup_on_removal(p_queue, p_id, v_dedup);
  DELETE FROM job WHERE queue = p_queue AND id = p_id;
  RETURN 'removed';
END;
$$;

-- Removes finished jobs that are kept no longer. BullMQ looks at all of them each time, and may deadlock doing so; here one
-- session at a time does it, in the order of an index. Where more than 1000 are kept, a tenth more may be, so that not
-- each job that ends has to count. A count below 0 is BullMQ's way to say: all.
CREATE FUNCTION dispatch_retain(p_queue text, p_state job_state, p_keep_age bigint, p_keep_count integer, p_now bigint)
RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_is_aged  boolean := false;
  v_is_due   boolean := p_keep_count BETWEEN 0 AND 1000 OR (p_keep_count > 1000 AND random() < 10.0 / p_keep_count);
  v_finished bigint;
  v_seq      bigint;
BEGIN
  -- BullMQ's way to say that nothing is removed now.
  IF p_keep_count < 0 THEN
    RETURN;
  END IF;
  IF p_keep_age IS NOT NULL THEN
    v_is_aged := p_now - p_keep_age * 1000 >= (
      SELECT finished_at_ms FROM job WHERE queue = p_queue AND state = p_state ORDER BY finished_at_ms LIMIT 1);
  END IF;
  IF v_is_aged IS NOT TRUE AND v_is_due IS NOT TRUE THEN
    RETURN;
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtext('dispatch:retain'), hashtext(p_queue || p_state::text)) THEN
    RETURN;
  END IF;
  IF v_is_aged THEN
    DELETE FROM job WHERE queue = p_queue AND state = p_state AND finished_at_ms <= p_now - p_keep_age * 1000;
  END IF;
  IF v_is_due THEN
    SELECT finished_at_ms, seq INTO v_finished, v_seq
      FROM job WHERE queue = p_queue AND state = p_state
     ORDER BY finished_at_ms DESC, seq DESC OFFSET p_keep_count LIMIT 1;
    IF FOUND THEN
      DELETE FROM job
       WHERE queue = p_queue AND state = p_state
         AND finished_at_ms <= v_finished AND (finished_at_ms, seq) <= (v_finished, v_seq);
    END IF;
  END IF;
END;
$$;

-- A queue whose global concurrency is used up has told its idle workers to wait. Where a job leaves it and its worker fetches
-- no other, it may be about to end, they are woken: else they would sit out their whole wait beside jobs that are ready.
CREATE FUNCTION dispatch_freed(p_queue text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM meta WHERE queue = p_queue AND field = 'concurrency') THEN
    PERFORM pg_notify('bullmq_jobs', p_queue);
  END IF;
END;
$$;

-- BullMQ's functions of these names, with the retention above in place of theirs, and with that wake-up.
CREATE FUNCTION dispatch_move_to_completed(
  p_queue text, p_id text, p_token text, p_return_value jsonb, p_finished_on bigint,
  p_remove_all boolean, p_keep_age bigint, p_keep_count integer
) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM move_to_completed(
    p_queue, p_id, p_token, p_return_value, p_finished_on, p_remove_all OR p_keep_count = 0, NULL, NULL);
  PERFORM dispatch_retain(p_queue, 'completed', p_keep_age, p_keep_count, p_finished_on);
  PERFORM dispatch_freed(p_queue);
  RETURN p_finished_on;
END;
$$;

CREATE FUNCTION dispatch_move_to_completed_fetch(
  p_queue text, p_id text, p_token text, p_return_value jsonb, p_finished_on bigint,
  p_remove_all boolean, p_keep_age bigint, p_keep_count integer,
  p_lock_ms bigint, p_now bigint, p_name text, p_limiter_max integer, p_limiter_duration bigint
) RETURNS SETOF job
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM move_to_completed(
    p_queue, p_id, p_token, p_return_value, p_finished_on, p_remove_all OR p_keep_count = 0, NULL, NULL);
  PERFORM dispatch_retain(p_queue, 'completed', p_keep_age, p_keep_count, p_finished_on);
  RETURN QUERY SELECT * FROM move_to_active(
    p_queue, p_token, p_lock_ms, p_now, p_name, p_limiter_max, p_limiter_duration);
  IF NOT FOUND AND EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND state = 'delayed') THEN
    PERFORM dispatch_freed(p_queue);
  END IF;
END;
$$;

CREATE FUNCTION dispatch_move_to_failed(
  p_queue text, p_id text, p_token text, p_failed_reason text, p_stacktrace jsonb, p_finished_on bigint,
  p_remove_all boolean, p_keep_age bigint, p_keep_count integer
) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM move_to_failed(
    p_queue, p_id, p_token, p_failed_reason, p_stacktrace, p_finished_on, p_remove_all OR p_keep_count = 0, NULL, NULL);
  PERFORM dispatch_retain(p_queue, 'failed', p_keep_age, p_keep_count, p_finished_on);
  PERFORM dispatch_freed(p_queue);
  RETURN p_finished_on;
END;
$$;

CREATE FUNCTION dispatch_move_to_failed_fetch(
  p_queue text, p_id text, p_token text, p_failed_reason text, p_stacktrace jsonb, p_finished_on bigint,
  p_remove_all boolean, p_keep_age bigint, p_keep_count integer,
  p_lock_ms bigint, p_now bigint, p_name text, p_limiter_max integer, p_limiter_duration bigint
) RETURNS SETOF job
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM move_to_failed(
    p_queue, p_id, p_token, p_failed_reason, p_stacktrace, p_finished_on, p_remove_all OR p_keep_count = 0, NULL, NULL);
  PERFORM dispatch_retain(p_queue, 'failed', p_keep_age, p_keep_count, p_finished_on);
  RETURN QUERY SELECT * FROM move_to_active(
    p_queue, p_token, p_lock_ms, p_now, p_name, p_limiter_max, p_limiter_duration);
  IF NOT FOUND AND EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND state = 'delayed') THEN
    PERFORM dispatch_freed(p_queue);
  END IF;
END;
$$;
`,
];

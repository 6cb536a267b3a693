/**
 * The scripts of the stores. Each has one key, so they run on a Cluster too. That of an idempotent call is a hash of `state`
 * (running, completed or failed), `token` and `outcome`, which expires with the lock or with what is kept.
 */

/** Arguments: token, lock in ms, whether it waits (1 or 0). Answers with the state, and the outcome where there is one. */
export const CLAIM = `
local held = redis.call('HMGET', KEYS[1], 'state', 'token', 'outcome')
if held[1] == 'completed' or (held[1] == 'failed' and ARGV[3] == '1') then return {held[1], held[3]} end
if held[1] == 'running' and held[2] ~= ARGV[1] then return {'running'} end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'running', 'token', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'claimed'}`;

/** Arguments: token, lock in ms. Answers with 1 where the lock is held. */
export const RENEW = `
local held = redis.call('HMGET', KEYS[1], 'state', 'token')
if held[1] == 'completed' or (held[1] == 'running' and held[2] ~= ARGV[1]) then return 0 end
redis.call('HDEL', KEYS[1], 'outcome')
redis.call('HSET', KEYS[1], 'state', 'running', 'token', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`;

/** Arguments: token, outcome, how long it is kept in ms. Answers with 1 where this token's outcome is kept. */
export const COMPLETE = `
local held = redis.call('HMGET', KEYS[1], 'state', 'token')
if held[2] ~= ARGV[1] and (held[1] == 'completed' or held[1] == 'running') then return 0 end
if held[1] == 'completed' then return 1 end
redis.call('HSET', KEYS[1], 'state', 'completed', 'token', ARGV[1], 'outcome', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

/** Arguments: token, and of a failure that is told: outcome, how long in ms. */
export const RELEASE = `
local held = redis.call('HMGET', KEYS[1], 'state', 'token')
if held[1] ~= 'running' or held[2] ~= ARGV[1] then return 0 end
if #ARGV == 1 then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'state', 'failed', 'outcome', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

/**
 * Of the rate limits: counts a call. One key, a hash of two moments in milliseconds, of the server's clock, which expires when both
 * are over: `free`, when the limit is wholly free again, and `next`, when the next of those is to come that come again.
 *
 * Arguments: how many, in how many ms, within how many ms it comes again (0 for not). Answers with 0, or in how many ms to ask again.
 */
export const TAKE = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local held = redis.call('HMGET', KEYS[1], 'free', 'next')
local free, nextAt = tonumber(held[1] or 0), tonumber(held[2] or 0)
local step = ARGV[2] / ARGV[1]
local after = math.max(free, now) + step
local early = after - ARGV[2] - now
local answer = 0
if early < 0.001 then
  free = after
elseif tonumber(ARGV[3]) > 0 then
  local at = math.max(nextAt, now + early)
  answer = math.ceil(at - now)
  if at - now > tonumber(ARGV[3]) then return answer end
  nextAt = at + step
else
  return math.ceil(early)
end
redis.call('HSET', KEYS[1], 'free', string.format('%.4f', free), 'next', string.format('%.4f', nextAt))
redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(free, nextAt) - now))
return answer`;

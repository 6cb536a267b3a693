/**
 * What BullMQ has no command for. The keys are BullMQ's own; their layout is that of its scripts of version 6.
 *
 * @see https://github.com/taskforcesh/bullmq/tree/master/src/commands
 */

/** KEYS job, lock; ARGV token, number to add. Nil where the token does not hold the job. */
export const ADD_ATTEMPTS = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] or redis.call('EXISTS', KEYS[1]) == 0 then return nil end
return redis.call('HINCRBY', KEYS[1], 'ats', ARGV[2])`;

/**
 * KEYS prefix of the queue; ARGV job id. A job that a scheduler made stays where it is: the next one is made only when it
 * starts.
 */
export const REMOVE_WAITING = `
local queue, id = KEYS[1], ARGV[1]
local job = queue .. id
if redis.call('EXISTS', job) == 0 then return 'unknown' end
if redis.call('ZSCORE', queue .. 'completed', id) or redis.call('ZSCORE', queue .. 'failed', id) then return 'finished' end
if redis.call('EXISTS', job .. ':lock') == 1 then return 'active' end
if redis.call('HEXISTS', job, 'rjk') == 1 then return 'unknown' end
local removed = redis.call('ZREM', queue .. 'prioritized', id) + redis.call('ZREM', queue .. 'delayed', id)
if removed == 0 then removed = redis.call('LREM', queue .. 'wait', 1, id) end
if removed == 0 then removed = redis.call('LREM', queue .. 'paused', 1, id) end
if removed == 0 then return 'active' end
local deduplication = redis.call('HGET', job, 'deid')
if deduplication then
  local holder = queue .. 'de:' .. deduplication
  if redis.call('GET', holder) == id then redis.call('DEL', holder) end
end
redis.call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful')
redis.call('XADD', queue .. 'events', 'MAXLEN', '~', 1000, '*', 'event', 'removed', 'jobId', id, 'prev', 'waiting')
return 'removed'`;

/**
 * KEYS prefix of the queue. Counts, whether it is paused, and when the oldest job became ready: of the plain ones the next
 * one, of the prioritized the next one of each of the first 20 priorities, for a low one may wait the longest.
 */
export const COUNT = `
local queue = KEYS[1]
local wait, prioritized = queue .. 'wait', queue .. 'prioritized'
local oldest = false
local function consider(id)
  local fields = redis.call('HMGET', queue .. id, 'timestamp', 'processedOn', 'opts')
  local at = tonumber(fields[1])
  if not at then return end
  if fields[3] and string.find(fields[3], '"delay"', 1, true) then
    local isRead, opts = pcall(cjson.decode, fields[3])
    if isRead and type(opts) == 'table' then at = at + (tonumber(opts['delay']) or 0) end
  end
  at = math.max(at, tonumber(fields[2]) or 0)
  if not oldest or at < oldest then oldest = at end
end
local first = redis.call('LINDEX', wait, -1)
if first then consider(first) end
local from = '-inf'
for _ = 1, 20 do
  local next = redis.call('ZRANGEBYSCORE', prioritized, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not next[1] then break end
  consider(next[1])
  from = string.format('%.0f', (math.floor(tonumber(next[2]) / 0x100000000) + 1) * 0x100000000)
end
return {
  redis.call('LLEN', wait) + redis.call('LLEN', queue .. 'paused') + redis.call('ZCARD', prioritized),
  redis.call('ZCARD', queue .. 'delayed'),
  redis.call('LLEN', queue .. 'active'),
  redis.call('ZCARD', queue .. 'completed'),
  redis.call('ZCARD', queue .. 'failed'),
  redis.call('HEXISTS', queue .. 'meta', 'paused'),
  oldest and string.format('%.0f', oldest) or false,
}`;

/** KEYS prefix of the queue; ARGV job id, state. 1 where the job was in that state, and is gone now. */
export const REMOVE_PARKED = `
local queue, id, state = KEYS[1], ARGV[1], ARGV[2]
local job = queue .. id
local removed
if state == 'failed' then removed = redis.call('ZREM', queue .. 'failed', id)
else removed = redis.call('LREM', queue .. 'wait', 1, id) end
if removed == 0 then return 0 end
redis.call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful')
redis.call('XADD', queue .. 'events', 'MAXLEN', '~', 1000, '*', 'event', 'removed', 'jobId', id, 'prev', state)
return 1`;

/** KEYS prefix of the queue; ARGV job id, data. 1 where the job is failed, and has that data now. */
export const UPDATE_FAILED = `
local queue, id = KEYS[1], ARGV[1]
if not redis.call('ZSCORE', queue .. 'failed', id) or redis.call('EXISTS', queue .. id) == 0 then return 0 end
redis.call('HSET', queue .. id, 'data', ARGV[2])
return 1`;

/** KEYS prefix of the queue; ARGV job id, data, new data or '' to remove a job that waits. 1 where it had that data. */
export const SWAP_DATA = `
local queue, id = KEYS[1], ARGV[1]
local job = queue .. id
if redis.call('HGET', job, 'data') ~= ARGV[2] then return 0 end
if ARGV[3] ~= '' then
  redis.call('HSET', job, 'data', ARGV[3])
else
  redis.call('LREM', queue .. 'wait', 1, id)
  redis.call('DEL', job, job .. ':logs')
end
return 1`;

/** KEYS prefix of the queue. The ids of the jobs that wait, each with the time it was added. */
export const WAITING = `
local found = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1] .. 'wait', 0, -1)) do
  local at = redis.call('HGET', KEYS[1] .. id, 'timestamp')
  if at then
    found[#found + 1] = id
    found[#found + 1] = at
  end
end
return found`;

/**
 * A script that calls another one, of those with which BullMQ adds a job, for many. KEYS as that has them; ARGV three values for each
 * job. The answer of each, which may be an error.
 */
export function addAll(lua: string): string {
  return `
local function add(KEYS, ARGV)
${lua}
end
local answers = {}
for at = 1, #ARGV, 3 do
  local isAdded, answer = pcall(add, KEYS, { ARGV[at], ARGV[at + 1], ARGV[at + 2] })
  if not isAdded and type(answer) ~= 'table' then answer = redis.error_reply(tostring(answer)) end
  answers[#answers + 1] = answer or false
end
return answers`;
}

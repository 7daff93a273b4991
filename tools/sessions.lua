-- Counts who renews a shared login, and how often: 1,000 calls at once over processes
-- and nginx workers at the moment at which the token has expired.
--   tools/run lua5.4 tools/sessions.lua [ROUNDS [NAME]...]
-- Every tenth round kills who renews. Prints a line for each store, and each round that
-- was wrong: one that renewed more than once, or more than twice where somebody was killed.

local sessions = require "spec.support.sessions"

local KINDS = {
  { name = "shdict", store = "shdict", workers = 4 },
  { name = "file", store = "file", workers = 4, processes = 4 },
  { name = "redis", store = "redis", processes = 8 },
  { name = "redis-nginx", store = "redis", workers = 4 },
}

local rounds, wanted, bad = tonumber(arg[1] or 100), {}, 0
for i = 2, #arg do wanted[arg[i]] = true end

-- { ["refresh_token 200"] = 3 } -> "3 refresh_token 200"
local function in_words(counts)
  local words = {}
  for name, n in pairs(counts) do words[#words + 1] = n .. " " .. name end
  table.sort(words)
  return table.concat(words, ", ")
end

local function run(kind)
  kind.calls = 1000
  local self = sessions.start(kind)
  local most, most_killed, counts, begun = 0, 0, {}, os.time()
  for round = 1, rounds do
    local kills = round % 10 == 0
    local renewals, all, failed, last = self:round(kills)
    for grant in all:gmatch "[^,]+" do
      grant = grant:match "^ *(.*)$"
      counts[grant] = (counts[grant] or 0) + 1
    end
    if kills then most_killed = math.max(most_killed, renewals) else most = math.max(most, renewals) end
    if renewals < 1 or renewals > (kills and 2 or 1) or failed > 0 then
      bad = bad + 1
      print(("%-11s round %d%s WRONG: renewals %d, failed calls %d; %s; %s"):format(kind.name, round,
        kills and ", killed," or "", renewals, failed, all, last))
    end
  end
  print(("%-11s %d rounds of 1,000 calls in %d s: renewals per thousand calls %d%s; grants: %s%s"):format(kind.name,
    rounds, os.time() - begun, most, rounds >= 10 and (" (%d with a kill)"):format(most_killed) or "",
    in_words(counts), self.nginx and ("; %d workers served"):format(self:workers()) or ""))
  io.stdout:flush()
  self:stop()
end

for _, kind in ipairs(KINDS) do
  if next(wanted) == nil or wanted[kind.name] then run(kind) end
end
os.exit(bad == 0 and 0 or 1, true)

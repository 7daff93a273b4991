-- Prints who renews a shared login, and how often: 1,000 calls at once over processes
-- and nginx workers at the moment at which the token has expired.
--   tools/run lua5.4 tools/sessions.lua [ROUNDS [NAME]...]
-- Every tenth round kills who renews. Fails if a round renews more than once, or more
-- than twice where somebody was killed.

local sessions = require "spec.support.sessions"

local KINDS = {
  { name = "shdict", store = "shdict", workers = 4 },
  { name = "file", store = "file", workers = 4, processes = 4 },
  { name = "redis", store = "redis", processes = 8 },
  { name = "redis-nginx", store = "redis", workers = 4 },
}

local rounds, wanted, bad = tonumber(arg[1] or 100), {}, 0
for i = 2, #arg do wanted[arg[i]] = true end

local function run(kind)
  kind.calls = 1000
  local self = sessions.start(kind)
  local least, most, total, begun = math.huge, 0, 0, os.time()
  for round = 1, rounds do
    local kills = round % 10 == 0
    local renewals, all, failed, last = self:round(kills)
    local fine = renewals == 1 or kills and renewals == 2
    if not kills then least, most = math.min(least, renewals), math.max(most, renewals) end
    total = total + renewals
    if not fine or failed > 0 then bad = bad + 1 end
    print(("%-11s round %3d  %s renewals %d  failed calls %d  %s%s%s"):format(kind.name, round,
      kills and "killed " or "       ", renewals, failed, all, fine and "" or "  WRONG",
      failed > 0 and "  " .. last or ""))
  end
  print(("%-11s %d rounds of %d calls in %d s: renewals per round %d to %d, with kills %d in all%s"):format(
    kind.name, rounds, kind.calls, os.time() - begun, least, most, total,
    self.nginx and (", %d workers served"):format(self:workers()) or ""))
  self:stop()
end

for _, kind in ipairs(KINDS) do
  if next(wanted) == nil or wanted[kind.name] then run(kind) end
end
os.exit(bad == 0 and 0 or 1, true)

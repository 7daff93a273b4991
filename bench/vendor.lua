-- The job of OpenTalk's how-to - 300 events as CSV, each with a new guest link
-- - done its way with bash, curl and jq, and by examples/opentalk.lua. Whole
-- processes, logins included. Both must give the same rows and leave the same
-- number of new guest links behind, else there is nothing to compare.

local support = require "bench.support"

local EVENTS, LATENCY, HOURS = 315, 0.02, 24  -- 15 are ad hoc and left out
local COLUMNS, LINK = 8, 8
local ROUNDS = support.at_most(1, 3)  -- of salon; the other way takes long enough

local vendor = {}

-- Rows of a CSV text; enough of RFC 4180 for what is compared.
local function read_csv(text)
  local rows = {}
  for line in text:gmatch "[^\r\n]+" do
    local row, rest = {}, line .. ","
    while rest ~= "" do
      local cell, after = rest:match '^"(.-)",(.*)$'
      while cell and select(2, cell:gsub('"', "")) % 2 == 1 do  -- the quote was a doubled one
        local more, then_after = after:match '^(.-)",(.*)$'
        cell, after = cell .. '",' .. more, then_after
      end
      if cell then
        cell = cell:gsub('""', '"')
      else
        cell, after = rest:match "^([^,]*),(.*)$"
      end
      row[#row + 1], rest = cell, after
    end
    rows[#rows + 1] = row
  end
  return rows
end

-- Links are drawn anew; everything else must agree, row by row.
local function compare(ours, theirs)
  local links = {}
  if #ours ~= #theirs then error(("%d rows against %d"):format(#ours, #theirs), 0) end
  for i, row in ipairs(ours) do
    for column = 1, COLUMNS do
      if column ~= LINK and row[column] ~= theirs[i][column] then
        error(("row %d, column %d: %s against %s"):format(i, column, row[column], theirs[i][column]), 0)
      end
    end
    local link = row[LINK]
    if links[link] or theirs[i][LINK]:match "^[^?]*" ~= link:match "^[^?]*" then
      error(("row %d: guest links %s and %s"):format(i, link, theirs[i][LINK]), 0)
    end
    links[link] = true
  end
end

local function new_links(sandbox)
  local count = 0
  for _, request in ipairs(sandbox:requests()) do
    if request.method == "POST" and request.path:find "^/v1/rooms/[^/]+/invites$" and request.status < 300 then
      count = count + 1
    end
  end
  return count
end

local function configure(role)
  local name = support.folder() .. "/opentalk_api.rc"
  support.write(name, ("OT_PROTO=http://\nOT_MAIN_URL=%s\nOT_CLIENT_ID='%s'\nOT_USER='%s'\n"
    .. "OT_PASSWORD='%s'\nDEFAULT_EXPIRATION_HOURS=%d\n"):format(role.url:match "^http://(.*)$",
    role.client_id, role.username, role.password, HOURS))
  return ("%s examples/opentalk.lua --list-events --guest-links --config %s"):format(support.lua, name)
end

local function by_hand(role)
  local values = {
    FRONTEND = role.url, CONTROLLER = role.controller_url, ISSUER = role.issuer, CLIENT_ID = role.client_id,
    USERNAME = role.username, PASSWORD = role.password, HOURS = HOURS,
  }
  local words = {}
  for name, value in pairs(values) do words[#words + 1] = name .. "=" .. support.quote(tostring(value)) end
  return table.concat(words, " ") .. " bench/vendor.sh"
end

local function measure(sandbox, command)
  sandbox:reset {}
  local before, start = new_links(sandbox), support.now()
  local text = support.capture(command)
  return support.now() - start, read_csv(text), new_links(sandbox) - before
end

local function race(sandbox)
  local ours, times = configure(sandbox.opentalk), {}
  local their_time, their_rows, their_links = measure(sandbox, by_hand(sandbox.opentalk))
  for round = 1, ROUNDS do
    local time, rows, links = measure(sandbox, ours)
    compare(rows, their_rows)
    if links ~= their_links then error(("%d new links against %d"):format(links, their_links), 0) end
    times[round] = time
  end
  local time = support.median(times)
  support.figure(("%d events with guest links, bash, curl and jq : salon"):format(#their_rows - 1), "%.1f",
    their_time / time, ">= 50", "whole programs: %.2f s and %.3f s; the same rows but for the links, "
    .. "%d new links each", their_time, time, their_links)
end

function vendor.run()
  for _, program in ipairs { "bash", "curl", "jq" } do
    local _, code = support.run("command -v " .. program)
    if code ~= 0 then return support.cannot("events with guest links", program .. " is not there") end
  end
  support.with_sandbox({ meet = false, events = EVENTS, latency = LATENCY }, race)
end

return vendor

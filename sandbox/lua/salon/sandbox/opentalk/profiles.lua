-- /v1/users: oneself, one's tariff, others

local store = require "salon.sandbox.store"
local responses = require "salon.sandbox.opentalk.responses"
local input = require "salon.sandbox.opentalk.input"
local people = require "salon.sandbox.opentalk.people"
local views = require "salon.sandbox.opentalk.views"

local profiles = {}

local FIELDS = {
  [true] = input.fields
    "title:string? display_name:string? language:string? dashboard_theme:string? conference_theme:string?",
  [false] = input.fields
    "title:string? display_name:string? language:string? dashboard_theme:theme? conference_theme:theme?",
}
local LONGEST = { title = 255, display_name = 255, language = 35, dashboard_theme = 128, conference_theme = 128 }

function profiles.me(_, user, old) return responses.ok(views.me(user, old)) end

function profiles.tariff(_, _, old) return responses.ok(views.tariff(old)) end

function profiles.change(request, user, old)
  local values, refusal = input.body(request, FIELDS[old])
  if not values then return refusal end
  local faults = {}
  for name, text in pairs(values) do
    local bad = input.length(text, old) > LONGEST[name]
      or not old and name == "language" and not text:find "^%a%a%a?%f[-%z][%w-]*$"
    if bad then faults[#faults + 1] = { name, "invalid_length" } end
  end
  if faults[1] then
    return old and responses.invalid(true, faults) or responses.invalid_json("invalid value of " .. faults[1][1])
  elseif next(values) == nil then
    return responses.empty(204)
  end
  for name, text in pairs(values) do user[name] = text end
  store.touch()
  return responses.ok(views.me(user, old))
end

function profiles.get(_, user, _, id)
  local fault = input.uuid_fault(id)
  if fault then return responses.text(404, fault) end
  local person = store.person(user.realm, id)
  if not person or person.tenant ~= user.tenant or not people.known(person) then return responses.error(404) end
  return responses.ok(views.profile(person))
end

-- How many letters two texts differ by.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local before
    before, row[0] = row[0], i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      before, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, before + (same and 0 or 1))
    end
  end
  return row[#b]
end

local function full_name(person) return (person.given .. " " .. (person.family or "")):lower() end

-- The login service looks for beginnings unless the words have stars around.
local function is_hit(person, words)
  local part = words:match "^%*(.*)%*$"
  if store.settings.tenants and not part then
    for _, text in ipairs { person.name, person.given, person.family, person.email } do
      if text:lower():sub(1, #words) == words then return true end
    end
    return false
  end
  local text = table.concat({ person.display_name:lower(), full_name(person), person.email }, "\n")
  return text:find(part or words, 1, true) ~= nil
end

-- The best match first; those whom only the login service knows come last.
local function search(user, words, old)
  local list, keys = {}, {}
  for _, person in pairs(store.people[user.realm]) do
    local registered = people.known(person, old)
    if person.email and person.tenant == user.tenant and not person.disabled and is_hit(person, words)
      and (registered or not old or store.settings.tenants) then
      list[#list + 1] = person
      keys[person] = registered and ("0 %03d %03d %s"):format(distance(words, person.display_name:lower()),
        distance(words, full_name(person)), person.id) or "1 " .. person.name
    end
  end
  table.sort(list, function(a, b) return keys[a] < keys[b] end)
  return list
end

function profiles.find(request, user, old)
  if not store.settings.user_search then return responses.error(404) end
  local query, refusal = input.query(request, { q = "text" })
  if not query then return refusal end
  if not query.q then return responses.query "missing field `q`" end
  if #query.q < 3 then
    return responses.error(400, "query_too_short", "query must be at least 3 characters long")
  end
  local list = {}
  for i, person in ipairs(search(user, query.q:lower(), old)) do
    if i > (old and 5 or 20) then break end
    list[i] = views.person(person, people.known(person, old))
  end
  return responses.list(list)
end

return profiles

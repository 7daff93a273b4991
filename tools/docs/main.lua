-- Writes what is made from the descriptions of the operations: types/opentalk.lua and
-- types/meet.lua for editors, and the pages of doc/reference.
--   tools/run lua5.4 tools/docs/main.lua [FOLDER]    a checkout's, if not this one's

local catalogue = require "tools.docs.catalogue"
local reference = require "tools.docs.reference"
local types = require "tools.docs.types"

local folder = arg[1] or "."

local function write(path, text)
  local file = assert(io.open(folder .. "/" .. path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

assert(os.execute(("mkdir -p '%s/types' '%s/doc/reference'"):format(folder, folder)))
local apis = catalogue.read()
for _, api in ipairs(apis) do
  write("types/" .. api.name .. ".lua", types(api))
end
for name, text in pairs(reference(apis)) do write("doc/reference/" .. name, text) end

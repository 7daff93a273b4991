-- What the specs share: a sandbox, client options for it, and running other programs.
-- A spec file starts its sandbox in `setup` and stops it in `teardown`.

local shell = require("salon.sandbox.shell")

local support = {}

-- run(command) -> what it printed (both streams), its status; quote(word).
support.run, support.quote = shell.run, shell.quote

-- The interpreter that runs this suite, a name or a whole path: good in every folder. Module
-- paths are in the environment, for child processes too: tools/run.
do
  local first = 0
  while arg[first - 1] do first = first - 1 end
  support.lua = arg[first]
  if support.lua:find "^[^/]+/" then support.lua = support.run("pwd"):match "[^\n]+" .. "/" .. support.lua end
end

-- A function that gives one free port after the other, for servers that a spec
-- starts itself. Not from the sandbox's range, because only the sandbox starts
-- again when it has lost a race; and spec files that run side by side claim what
-- they take (tools/test.sh).
function support.free_ports()
  local take, claims = shell.free_ports(9000, 6000), os.getenv "SALON_PORTS"
  if not claims then return take end
  return function()
    local port, status
    repeat
      port = take()
      status = os.execute(("mkdir %s/%d 2>/dev/null"):format(support.quote(claims), port))
    until status == true or status == 0
    return port
  end
end

-- Where nobody listens: a port that is given to no server.
support.NO_PORT = 1

-- Runs `lua script arguments...` with this suite's interpreter and the
-- environment given ({ NAME = value }) besides.
function support.script(arguments, environment)
  local words = { "env" }
  for name, value in pairs(environment or {}) do
    words[#words + 1] = name .. "=" .. support.quote(value)
  end
  words[#words + 1] = support.quote(support.lua)
  for _, argument in ipairs(arguments) do
    words[#words + 1] = support.quote(argument)
  end
  return support.run(table.concat(words, " "))
end

function support.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function support.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
  return path
end

-- A new folder; the spec removes it with support.remove.
function support.folder()
  local path = support.run("mktemp -d"):match("^(%S+)\n$")
  return assert(path)
end

function support.remove(path)
  assert(path and path ~= "" and path ~= "/")
  os.execute("rm -rf " .. support.quote(path))
end

-- Waits, ten seconds at most, until a process has ended; whether its parent has
-- noticed does not matter.
function support.gone(pid)
  support.run(("for i in $(seq 500); do [ -e /proc/%s/exe ] || break; sleep 0.02; done"):format(pid))
end

-- GET with the curl program, to check what salon says.
function support.curl(url, ...)
  local words = { "curl -sS --noproxy '*' --max-time 20" }
  for _, header in ipairs({ ... }) do
    words[#words + 1] = "-H " .. support.quote(header)
  end
  words[#words + 1] = support.quote(url)
  return support.run(table.concat(words, " "))
end

function support.start(options)
  return assert(require("salon.sandbox").start(options or {}))
end

-- The environment that a script reads: OPENTALK_URL and so on, of the systems that run.
function support.login(sandbox, more)
  local environment = {}
  for prefix, role in pairs { OPENTALK = sandbox.opentalk, MEET = sandbox.meet } do
    for name, value in pairs(role and role.options or {}) do environment[prefix .. "_" .. name:upper()] = value end
  end
  for name, value in pairs(more or {}) do environment[name] = value end
  return environment
end

local function merged(options, extra)
  for name, value in pairs(extra or {}) do options[name] = value end
  return options
end

-- Options for salon.opentalk{} and salon.meet{} that fit a started sandbox.
function support.opentalk(sandbox, extra)
  return merged(merged({}, sandbox.opentalk.options), extra)
end

function support.meet(sandbox, extra)
  return merged(merged({}, sandbox.meet.options), extra)
end

return support

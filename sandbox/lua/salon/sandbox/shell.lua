-- What plain Lua cannot do itself: folders, process ids, ports, other programs.

local shell = {}

---Runs a command; returns its output (errors included) and its exit code.
function shell.run(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; echo \"=$?\""))
  local text = pipe:read "*a"
  pipe:close()
  local output, code = text:match("^(.*)=(%d+)%s*$")
  return output or text, tonumber(code)
end

---A word quoted for the shell.
function shell.quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function read(name)
  local file = io.open(name, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

shell.read = read

function shell.write(name, text)
  local file, message = io.open(name, "wb")
  if not file then return nil, message end
  file:write(text)
  return file:close()
end

---Makes a folder of our own; nil and a sentence when that is impossible.
function shell.make_folder(parent)
  local base = parent or os.getenv "TMPDIR" or "/tmp"
  local output, code = shell.run("mktemp -d " .. shell.quote(base .. "/salon-sandbox.XXXXXX"))
  if code == 0 then return (output:gsub("\n$", "")) end
  return nil, ("cannot write to %s: make it writable, or name another folder "
    .. "with the option 'dir' or in TMPDIR"):format(base)
end

---Removes a folder that make_folder made; keys may still be written into it.
function shell.remove_folder(dir)
  if not dir:match("/salon%-sandbox%.%w+$") then return end
  shell.run(("n=0; until rm -rf -- %s || [ $n -gt 20 ]; do n=$((n+1)); sleep 0.05; done"):format(shell.quote(dir)))
end

---The number of this process.
function shell.own_pid()
  local stat = read "/proc/self/stat"
  local pid = stat and stat:match("^%d+") or shell.run("echo $PPID")
  return tonumber(pid)
end

---A key that other users of the machine cannot guess.
function shell.random_key()
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(16)
  file:close()
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

---A function that gives one free loopback port after the other: drawn at
---random from `count` ports, by default below those that connections use, and not
---in use now. (nginx cannot bind port 0; a lost race is tried again with other ports.)
function shell.free_ports(first, count)
  local used = {}
  for _, name in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    for port in (read(name) or ""):gmatch("\n%s*%d+: %x+:(%x+)") do
      used[tonumber(port, 16)] = true
    end
  end
  return function()
    repeat
      local draw = tonumber(shell.random_key():sub(1, 6), 16)
      local port = (first or 15000) + draw % (count or 17000)
      if not used[port] then
        used[port] = true
        return port
      end
    until false
  end
end

return shell

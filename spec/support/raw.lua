-- A server that sends exactly the bytes that a spec gives it: spec/c/rawserver.c.
--
--   local server = raw.start()
--   server:answer("html", "HTTP/1.1 200 OK\r\n\r\n<html>", "close")
--   ... server.url .. "/html/v1/rooms" ...
--   server:stop()

local support = require "spec.support"

local raw = {}
raw.__index = raw

local PROGRAM = "build/5.4/c/rawserver"

---It ends with stop(), or soon after this process.
---tls: it speaks HTTP/2, and every response is the one named "h2"; self.ca_file.
function raw.start(tls)
  local output, status = support.run("make -s " .. PROGRAM)
  assert(status == 0, output)
  local folder = support.folder()
  local pipe = assert(io.popen(("exec %s %s %s"):format(PROGRAM, support.quote(folder),
    tls and "tls" or ""), "r"))
  local port, ca_file = assert(pipe:read "*l"):match("^(%d+) (.*)$")
  return setmetatable({ folder = folder, pipe = pipe, ca_file = ca_file,
    url = (tls and "https" or "http") .. "://127.0.0.1:" .. port }, raw)
end

---Sets what every request below "/NAME" gets from now on (a well-known file is named
---"well-known-FILE"), and what happens after it:
---"keep" (the default), "close", "reset", "hang", "drip" (byte by byte), "trickle"
---(one a second); over HTTP/2 "goaway", "refuse", "break" (the stream) as well.
function raw:answer(name, bytes, and_then)
  support.write(self.folder .. "/" .. name, bytes)
  support.write(self.folder .. "/" .. name .. ".then", and_then or "keep")
  return self.url .. "/" .. name
end

---The same with headers, Content-Length and a body.
function raw:reply(name, status, headers, body)
  return self:answer(name, ("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n")
    :format(status, headers, #body) .. body)  -- Lua 5.1 formats texts up to a NUL
end

---Closes the connection of the next request after `first` bytes of it and of its
---response, and so on until that of the one that is cut after `last` bytes.
function raw:cut(first, last)
  support.write(self.folder .. "/cut", first .. " " .. last)
end

---A request to "/NAME" whose method and path were asked for before gets a 404.
function raw:once(name)
  support.write(self.folder .. "/" .. name .. ".once", "")
end

---All requests that have arrived completely, as text, and their number.
function raw:log()
  local file = io.open(self.folder .. "/log", "rb")
  if not file then return "", 0 end
  local text = file:read "*a"
  file:close()
  return text, select(2, text:gsub("%u+ /%S* HTTP/1%.1\r\n", ""))
end

---Empties the log.
function raw:forget() os.remove(self.folder .. "/log") end

function raw:stop()
  self.pipe:close()
  support.remove(self.folder)
end

return raw

-- `salon.secret`: a Secret of a text, and functions for the options that take one, which
-- read the secret where it is kept. They are asked each time it is needed, so a renewal
-- sees what has changed there, and the text is nowhere in between; what was typed is kept.

local core = require "salon.core"
local options = require "salon.internal.options"

local secret = {}

local TEXT = { "string", required = true, bytes = true }

local function check(fname, name, value)
  options.check(fname, { [name] = value }, { [name] = TEXT }, 4, "argument")
end

-- Editors and `echo` end a file with one, or more.
local function without_line_ends(text)
  return (text:gsub("[\r\n]+$", ""))
end

---A function that reads an environment variable.
---@param name string
---@return fun(): string?, string?
function secret.env(name)
  check("salon.secret.env", "name", name)
  return function()
    local text = os.getenv(name)
    if text == nil or text == "" then
      return nil, "environment variable " .. options.not_set(name)
    end
    return without_line_ends(text)
  end
end

---A function that reads a file, without the line ends at its end.
---@param path string
---@return fun(): string?, string?
function secret.file(path)
  check("salon.secret.file", "path", path)
  return function()
    local file, message = io.open(path, "rb")
    if file == nil then return nil, message end
    local text
    text, message = file:read "*a"
    file:close()
    if text == nil then return nil, path .. ": " .. message end
    if text == "" then return nil, "file " .. path .. " is empty" end
    return without_line_ends(text)
  end
end

-- What stands after its first word may be secret, as are the variables before it.
local function name_of(line)
  local word, follows = line:match "^%s*([%w_./+-]+)(=?)"
  return follows == "" and ("command '%s'"):format(word) or "the command"
end

---A function that runs a command of the shell and takes what it prints, without the line
---ends at its end. In nginx it blocks the worker.
---@param line string  "pass show opentalk"
---@return fun(): string?, string?
function secret.command(line)
  check("salon.secret.command", "line", line)
  return function()
    local pipe, message = io.popen(line, "r")
    if pipe == nil then return nil, name_of(line) .. " cannot be run:" .. message:match "[^:]*$" end
    local text = pipe:read "*a"
    local ended, _, status = pipe:close()
    if ended == nil and type(status) == "number" then  -- not in Lua 5.1
      return nil, ("%s ended with status %d"):format(name_of(line), status)
    elseif text == nil or text == "" then
      return nil, name_of(line) .. " printed nothing"
    end
    return without_line_ends(text)
  end
end

-- The shell reads from a terminal, since it gives the echo back whatever happens, also when
-- somebody interrupts. It prints nothing where the standard input is none.
local ASK = [[
  if saved=$(stty -g 2>/dev/null); then
    echo terminal
    trap 'stty "$saved"; echo >&2' EXIT
    trap 'exit 1' HUP INT TERM
    stty -echo
    printf %%s '%s' >&2
    if IFS= read -r line || [ -n "$line" ]; then printf '%%s\n' "$line"; fi
  fi]]

local function ask(prompt)
  io.stderr:flush()
  local pipe, message = io.popen(ASK:format((prompt:gsub("'", "'\\''"))), "r")
  if pipe == nil then return nil, message end
  local terminal, text = pipe:read "*l", pipe:read "*l"
  pipe:close()
  if terminal then return text end
  return io.stdin:read "*l"
end

---A function that reads one line of the standard input when it is first called, and keeps
---it. At a terminal it shows the prompt (on the standard error), and not what is typed.
---@param prompt? string  "Password: "
---@return fun(): string?, string?
function secret.stdin(prompt)
  if prompt == nil then prompt = "Password: " end
  check("salon.secret.stdin", "prompt", prompt)
  if rawget(_G, "ngx") then
    error("salon.secret.stdin: nginx has no standard input; use salon.secret.file or salon.secret.env", 2)
  end
  local kept
  return function()
    if kept then return kept:reveal() end
    local text, message = ask(prompt)
    if text == nil then return nil, message or "the standard input ended before a line came" end
    text = text:gsub("\r$", "")
    if text == "" then return nil, "the line that the standard input gave is empty" end
    kept = core.secret(text)
    return text
  end
end

---A Secret that prints as "salon.Secret(***)".
---@param text string
---@return salon.Secret
local function new(_, text)
  if type(text) ~= "string" then
    error("salon.secret: argument 'text' must be a string, got " .. type(text), 2)
  end
  return core.secret(text)
end

return setmetatable(secret, { __call = new })

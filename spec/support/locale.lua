-- A busted helper: the suite in a locale that writes 0,5 for 0.5 (the part
-- `locale` of tools/test.sh).

local name = assert(os.setlocale(os.getenv "LC_ALL"), "no such locale")
assert(("%.1f"):format(0.5) == "0,5", name .. " has no decimal comma")

-- Clocks of time zones, as the machine's own database of zones has them. The process
-- moves to the zone that is asked about; nothing else in it uses local time.

local ffi = require "ffi"
local time = require "salon.sandbox.time"

ffi.cdef "int setenv(const char *name, const char *value, int overwrite); void tzset(void);"

local zones = {}

local zone_now

---What a time zone's clocks are ahead of UTC at a moment: both in seconds.
function zones.offset(zone, seconds)
  if zone ~= zone_now then
    ffi.C.setenv("TZ", ":" .. zone, 1)
    ffi.C.tzset()
    zone_now = zone
  end
  local there = os.date("*t", seconds)
  local day = time.days(there.year, there.month, there.day)
  return day * 86400 + there.hour * 3600 + there.min * 60 + there.sec - seconds
end

---Seconds in UTC of a day's clock time (seconds) in a zone; at_midnight: with the
---offset that the day begins with.
function zones.utc(zone, day, clock, at_midnight)
  local base = day * 86400
  local wanted = base + (at_midnight and 0 or clock)
  return base + clock - zones.offset(zone, wanted - zones.offset(zone, wanted))
end

return zones

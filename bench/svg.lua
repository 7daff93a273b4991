-- Draws line charts as SVG: panels side by side over one x axis, a logarithmic
-- y axis, a legend. The colours are readable on light and on dark.

local svg = {}

local PANEL, HEIGHT, LEFT, GAP, TOP, BOTTOM = 330, 230, 52, 62, 82, 46

local STYLE = [[
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600 }
.grid { stroke: #8b949e; stroke-opacity: .3 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
@media (prefers-color-scheme: dark) { text { fill: #b1bac4 } }
</style>
]]

local function escape(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

local function text_at(x, y, anchor, text, class)
  return ('<text x="%.0f" y="%.0f" text-anchor="%s"%s>%s</text>\n'):format(x, y, anchor,
    class and (' class="%s"'):format(class) or "", escape(text))
end

local function grid_line(x1, y1, x2, y2)
  return ('<line class="grid" x1="%.0f" y1="%.0f" x2="%.0f" y2="%.0f"/>\n'):format(x1, y1, x2, y2)
end

-- 1, 2 or 5 times a power of ten, so that there are about five of them.
local function step_of(range)
  local power = 10 ^ math.floor(math.log(range / 5) / math.log(10))
  for _, factor in ipairs { 1, 2, 5 } do
    if range / (factor * power) <= 6 then return factor * power end
  end
  return 10 * power
end

local function decades(low, high)
  local ticks = {}
  for power = math.floor(math.log(low) / math.log(10)), math.ceil(math.log(high) / math.log(10)) do
    for _, factor in ipairs { 1, 2, 5 } do
      local tick = factor * 10 ^ power
      if tick >= low * 0.999 and tick <= high * 1.001 then ticks[#ticks + 1] = tick end
    end
  end
  return ticks
end

-- Functions from values to places within a panel whose left edge is at `left`.
local function scales(chart, left)
  local low, high = math.log(chart.y_min), math.log(chart.y_max)
  return function(x) return left + x / chart.x_max * PANEL end,
    function(y) return TOP + HEIGHT * (1 - (math.log(y) - low) / (high - low)) end
end

local function axes(chart, panel, left, out)
  local x_at, y_at = scales(chart, left)
  out[#out + 1] = text_at(left, TOP - 10, "start", panel.title, "title")
  for _, tick in ipairs(decades(chart.y_min, chart.y_max)) do
    out[#out + 1] = grid_line(left, y_at(tick), left + PANEL, y_at(tick))
    out[#out + 1] = text_at(left - 6, y_at(tick) + 4, "end", ("%g"):format(tick))
  end
  local step = step_of(chart.x_max)
  for tick = 0, chart.x_max, step do
    out[#out + 1] = grid_line(x_at(tick), TOP + HEIGHT, x_at(tick), TOP + HEIGHT + 4)
    out[#out + 1] = text_at(x_at(tick), TOP + HEIGHT + 17, "middle", tick == 0 and "0" or ("%gk"):format(tick / 1000))
  end
  out[#out + 1] = text_at(left + PANEL / 2, TOP + HEIGHT + 36, "middle", chart.x_title)
end

local function lines(chart, panel, left, out)
  local x_at, y_at = scales(chart, left)
  for i, series in ipairs(chart.series) do
    local places, dots = {}, {}
    for k, point in ipairs(panel.points[i]) do
      local x, y = x_at(point[1]), y_at(math.max(chart.y_min, math.min(chart.y_max, point[2])))
      places[k] = ("%.1f,%.1f"):format(x, y)
      dots[k] = ('<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>'):format(x, y, series.colour)
    end
    out[#out + 1] = ('<polyline class="line" stroke="%s" points="%s"/>\n%s\n'):format(
      series.colour, table.concat(places, " "), table.concat(dots))
  end
end

local function legend(chart, out)
  local x = LEFT
  for _, series in ipairs(chart.series) do
    out[#out + 1] = ('<line x1="%d" y1="34" x2="%d" y2="34" stroke="%s" stroke-width="3"/>\n'):format(
      x, x + 22, series.colour)
    out[#out + 1] = text_at(x + 28, 38, "start", series.name)
    x = x + 60 + 7 * #series.name
  end
end

---Draws a chart.
---@param chart table  title, x_title, x_max, y_min, y_max, series (list of { name, colour }),
---  panels (list of { title, points = a list of { x, y } per series })
---@return string
function svg.draw(chart)
  local width = LEFT + #chart.panels * PANEL + (#chart.panels - 1) * GAP + 24
  local height = TOP + HEIGHT + BOTTOM
  local out = {
    ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">\n'):format(
      width, height, width, height),
    "<title>" .. escape(chart.title) .. "</title>\n", STYLE,
    text_at(LEFT, 18, "start", chart.title, "title"),
  }
  legend(chart, out)
  for i, panel in ipairs(chart.panels) do
    local left = LEFT + (i - 1) * (PANEL + GAP)
    axes(chart, panel, left, out)
    lines(chart, panel, left, out)
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out)
end

return svg

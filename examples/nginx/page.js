// Shows each time in its meeting's own time zone. Without this script, and in zones that
// the browser does not know, times stay in UTC as the page has them.

const day = { weekday: "short", day: "numeric", month: "short" };
const thisYear = new Date().getFullYear();

for (const time of document.querySelectorAll("time")) {
  const start = new Date(time.dateTime), end = new Date(time.dataset.end || NaN);
  const year = start.getFullYear() === thisYear ? {} : { year: "numeric" };
  const zone = time.dataset.zone;
  try {
    if (zone === undefined) {   // a day
      time.textContent = start.toLocaleDateString("en-GB", { ...day, ...year, timeZone: "UTC" });
    } else {
      const format = new Intl.DateTimeFormat("en-GB",
        { ...day, ...year, hour: "2-digit", minute: "2-digit", timeZone: zone });
      time.textContent = end >= start ? format.formatRange(start, end) : format.format(start);
      time.after(` (${zone.replaceAll("_", " ")})`);
    }
  } catch { /* RangeError: no such zone, or no such time */ }
}

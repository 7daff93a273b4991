-- The full names of tests that may be skipped, each with where that is expected.
-- Any other skip fails the run (tally.lua).
return {
  -- where apt has no chromium-driver, or there is no apt
  ["the page in nginx is used in Chromium: buttons, links, names, room on a phone"] = true,
}

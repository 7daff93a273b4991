-- The full names of tests that may be skipped, each with where that is expected.
-- Any other skip fails the run (tally.lua).
return {
}

"""Other dialers' ways of pacing, by their published formulas, to be measured against."""

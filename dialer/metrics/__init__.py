"""The only room that speaks Prometheus: what the daemon measures, as numbers that a scrape may read."""

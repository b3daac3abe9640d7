"""What leaves the dialer as a table: exports for people and for programs."""

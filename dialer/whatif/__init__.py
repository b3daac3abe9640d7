"""What would have been, and what if: recorded days and given figures on the simulator."""

"""Long runs: random faults for minutes or a day, and what they leave behind."""

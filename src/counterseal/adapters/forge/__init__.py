"""What both forges have in common beyond HTTP: who pushed, what is merged for good, who wrote with whom."""

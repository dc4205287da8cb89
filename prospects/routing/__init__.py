"""To which specialist a lead goes, who has how much, and moving leads between people."""

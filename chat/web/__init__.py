"""What Flask does around every request: its session, who asks, what they may, headers and bodies."""

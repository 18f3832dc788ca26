"""What Rivulet costs, measured: each module is a scenario of bin/bench. On loopback only, bounded, nothing kept."""

"""Measure what Rivulet costs; each module is a scenario of bin/bench. It uses loopback only and keeps no data."""

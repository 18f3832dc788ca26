"""Tests of how Rivulet is installed, started and served."""

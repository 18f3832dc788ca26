"""Tests of installing, starting and serving Rivulet."""

"""What Rivulet counts for Prometheus: the table in metrics.py, and how it is kept, written and read."""

from .metrics import Metrics

__all__ = ["Metrics"]

"""The HTTP client of providers: requests that can be cut at any stage, and why one failed, in sentences."""

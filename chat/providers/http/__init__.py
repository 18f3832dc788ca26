"""The HTTP client of providers: requests that can be cancelled at any stage, and sentences about failures."""

"""HTML that grows: an answer is drawn while it is written, and what is drawn once is sent once."""

"""Rivulet: a chat app for language models, in the order in which a message flows through it."""

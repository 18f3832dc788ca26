"""Render an answer while a model writes it, and send each part once.

splitter        cuts a growing text into blocks
blocks          renders those blocks, for a page without JavaScript
containers      lists and tables whose items and rows are rendered separately
units           a growing answer as blocks, items and rows
patches         the messages that extend a page's HTML
pending_markup  whether the end of a text can still become markup
incremental     when each of these messages is due
overflow        answers that are too long for all that
"""

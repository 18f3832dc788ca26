"""HTML that grows: an answer is drawn while it is written, and what is drawn once is sent once.

splitter       where a growing text can be cut into blocks
blocks         those blocks, each rendered once
containers     lists and tables whose items and rows are rendered apart
units          a growing answer, cut into blocks, items and rows
patches        HTML as the messages that let a page's HTML grow
signs          what may still become of a text
incremental    when each of these messages is due
overflow       what becomes too long for all that
"""

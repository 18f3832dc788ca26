"""The gallery: pictures of all states of all pages, with an index. bin/gallery makes it."""

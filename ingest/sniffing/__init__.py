"""Finding out how files are written, and writing a first job for them.

Everything here looks at samples: the head of a few files, and the middle of big ones. What it
concludes must hold on the rest, so that a doubt is always settled for the wider type.
"""

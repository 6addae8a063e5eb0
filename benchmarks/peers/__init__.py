"""Other engines, each a module that runs in a virtual environment of its own."""

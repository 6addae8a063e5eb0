"""From YAML and overrides to one typed job; the only package that knows Hydra and OmegaConf.

`load` is the door: it imports neither until it is called, and workers never call it.
"""

"""The flight records of 2013, the main job."""

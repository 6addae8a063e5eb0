"""Compiled code, for what looks at each byte: built with the package, where there is a compiler.

Whatever it does is done without it, too, only slower. Who calls it asks first whether it is there.
"""

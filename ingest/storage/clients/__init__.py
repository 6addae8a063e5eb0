"""What each library wants to be told of a connection to an object store, one module a provider.

The one place that knows. Secrets are read here, when a client is made, and given to nobody else.
"""

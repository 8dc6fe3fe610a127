"""What packages say of themselves: licence, supplier, source address. One module an ecosystem.

Read is what is installed or lies in the caches of the build, never the network; no code of a package runs.
"""

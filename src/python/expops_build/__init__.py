"""What an experiment's Python code imports, as `expops.core` and `expops.reporting`.

The modules with a leading underscore run one instance of a process on behalf of
the build; nothing in them is for the user's code.
"""

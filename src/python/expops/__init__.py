"""What an experiment's Python code imports: `expops.core` and `expops.reporting`.

The code is in `expops_build`, which is also what the distribution is called: another project has the name `expops`
on PyPI, and pip overwrites in silence where both bring a file. Where that has happened, `expops_build.core` is there.
"""

#!/bin/sh
# What CI does with a project, here or by hand: `sh build.sh PROJECT`. Results are taken from the cache in the folder
# that EXPOPS_CACHE_DIR names, and go into it; CI keeps that folder from one run to the next.
set -eu
cd "${1:-.}"
expops compile
# For who reads the log: what the cache has, and what has to run.
expops status
expops run
# A build that has something to do when it has just been done reads what it writes, or the time of day.
expops status --exit-code
# What was not used for longest goes, or the cache grows with each run.
expops cache --keep "${EXPOPS_CACHE_MAX:-5GB}"

#!/bin/sh
# Made by expops 0.1.0 from analysis/expops.yaml; do not edit.
# To make it again: expops -C analysis compile --format sh -o ../build.sh --build-dir out/of --root .. --prefix one_
#
# Runs every instance, one after another. One whose inputs have not changed since it last ran does
# nothing.

set -eu
if [ $# -gt 0 ]; then
    echo "$0 takes no arguments, and makes everything; \`expops run NAME\` makes one thing" >&2
    exit 2
fi
CDPATH= cd -- "$(dirname -- "$0")"
: "${EXPOPS:=expops}"
# Another project has a program called expops.
case "$EXPOPS $($EXPOPS --version 2>/dev/null)" in
    'expops '*expops-build*) ;;
    'expops '*) echo 'expops: the `expops` on PATH is another program, or there is none: `pip install expops-build`, or set EXPOPS to the path of the one that wrote this build' >&2; exit 1 ;;
esac

# What hands on to it can end with 0 without having done so: then it is asked to say that it is done.
was=$EXPOPS
[ "$EXPOPS" != expops ] || EXPOPS=
[ -f analysis/out/of/.expops/program ] || $was -C analysis compile --format sh -o ../build.sh --build-dir out/of --root .. --prefix one_ --quiet
. analysis/out/of/.expops/program
: "${EXPOPS:=expops}"

instance() {
    printf '%s\n' "$1"
    $EXPOPS -C analysis exec --build-dir out/of "$2"
}

# A source may have changed: then this script is not what it was, and the new one goes on.
if [ -z "${EXPOPS_COMPILED_SCRIPT-}" ]; then
    before=$(cksum < build.sh)
    $EXPOPS -C analysis compile --format sh -o ../build.sh --build-dir out/of --root .. --prefix one_ --quiet
    if [ "$(cksum < build.sh)" != "$before" ]; then
        EXPOPS=$was EXPOPS_COMPILED_SCRIPT=1 exec sh build.sh
    fi
fi
unset EXPOPS_COMPILED_SCRIPT

# ---- load

# //process[@name='load']
instance load load

# ---- parts

# //process[@name='parts']
instance parts parts

# ---- fit

# //*[@partition='p1']/process[@name='fit']
instance 'fit p1' fit/p1

# //*[@partition='p2']/process[@name='fit']
instance 'fit p2' fit/p2

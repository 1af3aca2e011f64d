#!/bin/sh
# Made by expops 0.1.0 from expops.yaml; do not edit.
# To make it again: expops compile --format sh
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
[ -f build/.expops/program ] || $was compile --format sh --quiet
. build/.expops/program
: "${EXPOPS:=expops}"

instance() {
    printf '%s\n' "$1"
    $EXPOPS exec "$2"
}

# A source may have changed: then this script is not what it was, and the new one goes on.
if [ -z "${EXPOPS_COMPILED_SCRIPT-}" ]; then
    before=$(cksum < build.sh)
    $EXPOPS compile --format sh --quiet
    if [ "$(cksum < build.sh)" != "$before" ]; then
        EXPOPS=$was EXPOPS_COMPILED_SCRIPT=1 exec sh build.sh
    fi
fi
unset EXPOPS_COMPILED_SCRIPT
$EXPOPS exec --environment main,20env

# ---- load: Reads the rows

# //process[@name='load']
instance load load

# ---- outer

# //process[@name='outer']
instance outer outer

# ---- inner

# //*[@partition='p1']/process[@name='inner']
instance 'inner p1' inner/p1

# //*[@partition='p2']/process[@name='inner']
instance 'inner p2' inner/p2

# ---- seeds

# //*[@partition='p1']/*[@partition='p1']/process[@name='seeds']
instance 'seeds p1.p1' seeds/p1/p1

# //*[@partition='p1']/*[@partition='p2']/process[@name='seeds']
instance 'seeds p1.p2' seeds/p1/p2

# //*[@partition='p2']/*[@partition='p1']/process[@name='seeds']
instance 'seeds p2.p1' seeds/p2/p1

# //*[@partition='p2']/*[@partition='p2']/process[@name='seeds']
instance 'seeds p2.p2' seeds/p2/p2

# ---- fit

# //*[@partition='p1']/*[@partition='p1']/*[@seed='41']/process[@name='fit']
instance 'fit p1.p1 s41' fit/p1/p1/s41

# //*[@partition='p1']/*[@partition='p1']/*[@seed='42']/process[@name='fit']
instance 'fit p1.p1 s42' fit/p1/p1/s42

# //*[@partition='p1']/*[@partition='p2']/*[@seed='41']/process[@name='fit']
instance 'fit p1.p2 s41' fit/p1/p2/s41

# //*[@partition='p1']/*[@partition='p2']/*[@seed='42']/process[@name='fit']
instance 'fit p1.p2 s42' fit/p1/p2/s42

# //*[@partition='p2']/*[@partition='p1']/*[@seed='41']/process[@name='fit']
instance 'fit p2.p1 s41' fit/p2/p1/s41

# //*[@partition='p2']/*[@partition='p1']/*[@seed='42']/process[@name='fit']
instance 'fit p2.p1 s42' fit/p2/p1/s42

# //*[@partition='p2']/*[@partition='p2']/*[@seed='41']/process[@name='fit']
instance 'fit p2.p2 s41' fit/p2/p2/s41

# //*[@partition='p2']/*[@partition='p2']/*[@seed='42']/process[@name='fit']
instance 'fit p2.p2 s42' fit/p2/p2/s42

# ---- over_seeds

# //*[@partition='p1']/*[@partition='p1']/process[@name='over_seeds']
instance 'over_seeds p1.p1' over_seeds/p1/p1

# //*[@partition='p1']/*[@partition='p2']/process[@name='over_seeds']
instance 'over_seeds p1.p2' over_seeds/p1/p2

# //*[@partition='p2']/*[@partition='p1']/process[@name='over_seeds']
instance 'over_seeds p2.p1' over_seeds/p2/p1

# //*[@partition='p2']/*[@partition='p2']/process[@name='over_seeds']
instance 'over_seeds p2.p2' over_seeds/p2/p2

# ---- over_inner

# //*[@partition='p1']/process[@name='over_inner']
instance 'over_inner p1' over_inner/p1

# //*[@partition='p2']/process[@name='over_inner']
instance 'over_inner p2' over_inner/p2

# ---- total

# //process[@name='total']
instance total total

# ---- skill

# //process[@name='skill']
instance skill skill

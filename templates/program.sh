# Made by expops; do not edit. Says whether the `expops` on PATH is the one that this build is for: another project has a
# program of that name. A shell reads this before each command of a Ninja file, so nothing is started unless the one that
# is found is not the one that was here last.
expops_here=@HERE@
if [ -n "${EXPOPS-}" ]; then
    [ "$EXPOPS" -ef "$expops_here" ] && return 0
    # What `expops run` says where the path has blanks. A shell does not read quotes in a variable.
    if [ "$EXPOPS" = @QUOTED@ ]; then
        expops_itself() { EXPOPS=@QUOTED@ "$expops_here" "$@"; }
        EXPOPS=expops_itself
        return 0
    fi
else
    expops_path=$PATH:
    while [ -n "$expops_path" ]; do
        expops_found=${expops_path%%:*}/expops
        expops_path=${expops_path#*:}
        if [ -x "$expops_found" ] && [ ! -d "$expops_found" ]; then
            [ "$expops_found" -ef "$expops_here" ] && return 0
            break
        fi
    done
    case $(expops --version 2>/dev/null) in
        *expops-build*) ;;
        *)
            echo @OTHER@ >&2
            return 1
            ;;
    esac
fi
# Something else hands on to it, and can end with 0 without having done so, as some do whose node is lost. Ninja would
# take that for a look at an instance which found nothing new. So it is asked to say that it is done.
expops_was=${EXPOPS-}
expops_by=${EXPOPS:-expops}
expops_handed_on() {
    expops_status=0
    expops_said=$(EXPOPS=$expops_was $expops_by "$@" --proof) || expops_status=$?
    case $expops_said in
        *@DONE@*)
            printf %s "${expops_said%%@DONE@*}${expops_said#*@DONE@}"
            return "$expops_status"
            ;;
    esac
    [ -z "$expops_said" ] || printf '%s\n' "$expops_said"
    [ "$expops_status" = 0 ] || return "$expops_status"
    printf '%s\n' "error: \`$expops_by\` has ended with 0, and has not run: expops $*" >&2
    return 1
}
EXPOPS=expops_handed_on

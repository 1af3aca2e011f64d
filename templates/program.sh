# Made by expops; do not edit. Says whether the `expops` on PATH is the one that this build is for: another project has a
# program of that name. A shell reads this before each command of a Ninja file, so nothing is started unless the one that
# is found is not the one that was here last.
expops_here=@HERE@
if [ -n "${EXPOPS-}" ]; then
    return 0
fi
expops_path=$PATH:
while [ -n "$expops_path" ]; do
    expops_found=${expops_path%%:*}/expops
    expops_path=${expops_path#*:}
    if [ -x "$expops_found" ] && [ ! -d "$expops_found" ]; then
        [ "$expops_found" -ef "$expops_here" ] && return 0
        break
    fi
done
case $(expops --version 2>/dev/null) in *expops-build*) return 0 ;; esac
echo @OTHER@ >&2
return 1

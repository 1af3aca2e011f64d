
# Bash takes `fit@p2` and `--format=make` for several words, and completes the last of them.
_expops() {
    local line="${COMP_LINE:0:COMP_POINT}" joined=() n=-1 i word
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        if ((n < 0)) || [[ -z "$line" || "$line" == [[:space:]]* ]]; then
            line="${line#"${line%%[![:space:]]*}"}"
            ((n += 1))
        fi
        ((i == COMP_CWORD)) && word="$line"
        joined[n]+="$word"
        line="${line#"$word"}"
    done
    local typed="${joined[n]%"$2"}"
    typed="${typed#[\"\']}"
    local COMP_WORDS=("${joined[@]}") COMP_CWORD=$n
    _clap_complete_expops "$1" "$typed$2" "$3"
    COMPREPLY=("${COMPREPLY[@]#"$typed"}")
}
complete -o nospace -o bashdefault -o default -o nosort -F _expops expops 2> /dev/null ||
    complete -o nospace -o bashdefault -o default -F _expops expops

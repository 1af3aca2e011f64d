# Where ~/.zshrc has not started zsh's completion, nobody could register with it.
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i; }


"""The scripts that teach shells to ask `mk8s __complete`. Pure text."""

from __future__ import annotations

BASH = r"""# Completion of mk8s for bash: source <(mk8s completion bash)
_mk8s() {
    local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} word lead answer
    local program=mk8s
    local -a words=() found=()
    # words as the shell splits them, not as COMP_WORDBREAKS does
    read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    type -P "${words[0]}" >/dev/null && program=${words[0]}
    word=${words[-1]}
    [[ $current == [=:] ]] && current=
    lead=${word%"$current"}
    COMPREPLY=()
    local also=
    while IFS= read -r answer; do
        case $answer in
            :files) also=files ;;
            :nospace) also=nospace ;;
            :*) ;;
            *) answer=${answer%%$'\t'*}; found+=("${answer#"$lead"}") ;;
        esac
    done < <("$program" __complete -- "${words[@]:1}" 2>/dev/null)
    COMPREPLY=("${found[@]}")
    if [[ $also == files ]]; then
        compopt -o default -o bashdefault 2>/dev/null
    elif [[ $also == nospace ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _mk8s mk8s
"""

ZSH = r"""#compdef mk8s
# Completion of mk8s for zsh: source <(mk8s completion zsh)
_mk8s() {
    local answer also word program=mk8s
    local -a plain described
    whence -p -- "${words[1]}" >/dev/null && program=${words[1]}
    for answer in "${(@f)$("$program" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $answer in
            :files) also=files ;;
            :nospace) also=nospace ;;
            :*|'') ;;
            *)
                word=${answer%%$'\t'*}
                plain+=("$word")
                described+=("${word//:/\\:}:${answer#*$'\t'}")
                ;;
        esac
    done
    if (( $#plain )); then
        if [[ $also == nospace ]]; then
            compadd -S '' -a plain
        else
            _describe -V mk8s described
        fi
    fi
    [[ $also == files ]] && _files
}
if [[ ${funcstack[1]} == _mk8s ]]; then
    _mk8s "$@"
else
    compdef _mk8s mk8s
fi
"""

FISH = r"""# Completion of mk8s for fish: mk8s completion fish | source
function __mk8s_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l program mk8s
    type -fq $words[1]; and set program $words[1]
    for answer in ($program __complete -- $words[2..-1] 2>/dev/null)
        switch $answer
            case :files
                __fish_complete_path (commandline -ct)
            case ':*'
            case '*'
                echo $answer
        end
    end
end
complete -c mk8s -f -k -a '(__mk8s_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
"""Shell -> its script."""

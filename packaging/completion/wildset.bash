# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for wildset(1) and wildsetd(8); goes to /usr/share/bash-completion/completions/wildset.
# Commands and options come from wildset's own help: they are always those of the wildset that is there.

_wildset_commands() {
    wildset help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'
}

_wildset_options() {
    "$@" --help 2>/dev/null | grep -oE -e '--[a-z][a-z-]*' | sort -u
    echo --help
}

# The names of the whitelists in the configuration that the line names, or in the default one.
_wildset_whitelists() {
    local i file=/etc/wildset/wildset.conf
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} != --config ]] || file=${COMP_WORDS[i + 1]}
    done
    sed -n 's/^[[:space:]]*whitelist[[:space:]]\{1,\}"\{0,1\}\([A-Za-z][A-Za-z0-9_-]*\).*/\1/p' \
        "$file" "${file%wildset.conf}"conf.d/*.conf 2>/dev/null
}

_wildset_offer() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_wildset_offer_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")
}

_wildset() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _wildset_offer "$(_wildset_commands) --help --version"
        return
    fi
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    --shape) _wildset_offer "table mark"; return ;;
    --config | --socket | --output) _wildset_offer_files -f; return ;;
    --sort) _wildset_offer "address left name source whitelist"; return ;;
    --source) _wildset_offer "sniffer registry dnstap state"; return ;;
    --table | --chain | --mark | --name | --client | --limit) return ;;
    esac
    if [[ $word == -* ]]; then
        _wildset_offer "$(_wildset_options wildset "$command")"
        return
    fi
    case $command in
    help) _wildset_offer "$(_wildset_commands)" ;;
    list | rules | registry) _wildset_offer "$(_wildset_whitelists)" ;;
    replay) _wildset_offer_files -o plusdirs -f -X '!*.@(pcap|pcapng|cap|dmp)' ;;
    esac
}

_wildsetd() {
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    --config | --control | --state) _wildset_offer_files -f ;;
    *) _wildset_offer "$(_wildset_options wildsetd)" ;;
    esac
}

# A pattern of compgen is one of the shell's extended ones only with this.
shopt -s extglob
complete -F _wildset wildset
complete -F _wildsetd wildsetd

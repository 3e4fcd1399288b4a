# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for wildset(1) and wildsetd(8); goes to /usr/share/fish/vendor_completions.d.
# Commands and options come from wildset's own help: they are always those of the wildset that is there.

function __wildset_commands
    wildset help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  *\(.*\)/\1\t\2/p'
end

function __wildset_options
    $argv --help 2>/dev/null | grep -oE -e '--[a-z][a-z-]*' | sort -u
    echo --help
end

# The names of the whitelists in the configuration that the line names, or in the default one.
function __wildset_whitelists
    set -l file /etc/wildset/wildset.conf
    set -l words (commandline -opc)
    set -l at (contains -i -- --config $words)
    and test $at -lt (count $words)
    and set file $words[(math $at + 1)]
    set -a file (string replace -r 'wildset\.conf$' '' -- $file)conf.d/*.conf
    sed -n 's/^[[:space:]]*whitelist[[:space:]]\{1,\}"\{0,1\}\([A-Za-z][A-Za-z0-9_-]*\).*/\1/p' $file 2>/dev/null
end

function __wildset_arguments
    set -l words (commandline -opc)
    if test (count $words) -eq 1
        __wildset_commands
        printf '%s\n' --help --version
        return
    end
    switch $words[-1]
        case --shape
            printf '%s\n' table mark
            return
        case --config --socket --output
            __fish_complete_path (commandline -ct)
            return
        case --sort
            printf '%s\n' address left name source whitelist
            return
        case --source
            printf '%s\n' sniffer registry dnstap state
            return
        case --table --chain --mark --name --client --limit
            return
    end
    if string match -q -- '-*' (commandline -ct)
        __wildset_options wildset $words[2]
        return
    end
    switch $words[2]
        case help
            __wildset_commands
        case list rules registry
            __wildset_whitelists
        case replay
            __fish_complete_path (commandline -ct) | grep -E '/$|/\s|\.(pcap|pcapng|cap|dmp)(\s|$)'
    end
end

function __wildsetd_arguments
    switch (commandline -opc)[-1]
        case --config --control --state
            __fish_complete_path (commandline -ct)
        case '*'
            __wildset_options wildsetd
    end
end

complete -c wildset -f -a '(__wildset_arguments)'
complete -c wildsetd -f -a '(__wildsetd_arguments)'

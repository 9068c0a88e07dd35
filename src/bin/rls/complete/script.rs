//! The scripts that make shells ask rls for completions.

use clap_complete::Shell;

/// bash breaks words at the characters of `COMP_WORDBREAKS`, `:` and `=` among them, which names contain: words are
/// split at blanks instead. readline replaces only what follows the last of these characters, `$2`, and so gets only
/// that.
const BASH: &str = r#"_rls() {
    local line="${COMP_LINE:0:COMP_POINT}" words candidate
    read -ra words <<< "$line"
    [[ "$line" == *[[:space:]] ]] && words+=("")
    local current="${words[${#words[@]} - 1]}" replaced="$2" program="${words[0]/#\~/$HOME}"
    current="${current#[\"\']}" replaced="${replaced#[\"\']}"
    words[${#words[@]} - 1]="$current"
    local before=""
    [[ "$current" == *"$replaced" ]] && before="${current%"$replaced"}"
    # An alias, or a variable.
    type -P "$program" >/dev/null || program=rls
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ "$candidate" == :files ]]; then
            compopt -o bashdefault -o default
            return
        fi
        COMPREPLY+=("${candidate#"$before"}")
    done < <("$program" __complete bash -- "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *[/:=] ]]; then
        compopt -o nospace
    fi
}
complete -F _rls rls
"#;

const ZSH: &str = r#"#compdef rls
_rls() {
    local -a complete open
    local line value entry program="${words[1]/#\~/$HOME}"
    # An alias, or a variable.
    whence -p -- "$program" >/dev/null || program=rls
    for line in "${(@f)$("$program" __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        value="${line%%$'\t'*}"
        entry="${value//:/\\:}"
        [[ -n "${line#*$'\t'}" ]] && entry+=":${line#*$'\t'}"
        # What ends in a slash or a colon goes on.
        case "$value" in
            '') ;;
            :files) compset -P '*='; _files; return ;;
            */|*:|*=) open+=("$entry") ;;
            *) complete+=("$entry") ;;
        esac
    done
    (( $#complete )) && _describe -V rls complete
    (( $#open )) && _describe -V rls open -S ''
}
if [ "$funcstack[1]" = "_rls" ]; then _rls "$@"; else compdef _rls rls; fi
"#;

const FISH: &str = "\
function __rls_complete
    set -l words (commandline -opc) (commandline -ct)
    # An alias, or a variable.
    set -l program (string replace -r '^~' $HOME -- $words[1])
    command -q $program; or set program rls
    set -l offered ($program __complete fish -- $words 2>/dev/null)
    if test \"$offered\" = :files
        set -l before (string match -r '^--[^=]*=' -- $words[-1]); or set before ''
        printf '%s\\n' $before(__fish_complete_path (string replace -r '^--[^=]*=' '' -- $words[-1]))
    else if test -n \"$offered\"
        printf '%s\\n' $offered
    end
end
complete -c rls -f -k -a '(__rls_complete)'
";

/// The script of a shell; `None` for those whose script is the static one.
pub fn script(shell: Shell) -> Option<&'static str> {
    match shell {
        Shell::Bash => Some(BASH),
        Shell::Zsh => Some(ZSH),
        Shell::Fish => Some(FISH),
        _ => None,
    }
}

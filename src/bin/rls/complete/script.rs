//! The scripts that make shells ask rls for completions.

use clap_complete::Shell;

/// bash breaks words at `:` and `=`, which names contain: words are split at blanks instead, and readline, which replaces
/// only what follows the last of these characters, gets only that.
const BASH: &str = r#"_rls() {
    local line="${COMP_LINE:0:COMP_POINT}" words candidate
    read -ra words <<< "$line"
    [[ "$line" == *[[:space:]] ]] && words+=("")
    local current="${words[${#words[@]} - 1]}"
    local before="${current%"${current##*[:=]}"}"
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("${candidate#"$before"}")
    done < <("${words[0]}" __complete bash -- "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *[/:=] ]]; then
        compopt -o nospace
    fi
}
complete -o bashdefault -o default -F _rls rls
"#;

const ZSH: &str = r#"#compdef rls
_rls() {
    local -a complete open
    local line value entry
    for line in "${(@f)$("${words[1]}" __complete zsh -- "${(@)words[1,CURRENT]}" 2>/dev/null)}"; do
        value="${line%%$'\t'*}"
        entry="${value//:/\\:}"
        [[ -n "${line#*$'\t'}" ]] && entry+=":${line#*$'\t'}"
        # What ends in a slash or a colon goes on.
        case "$value" in
            '') ;;
            */|*:) open+=("$entry") ;;
            *) complete+=("$entry") ;;
        esac
    done
    (( $#complete )) && _describe -V rls complete
    (( $#open )) && _describe -V rls open -S ''
}
if [ "$funcstack[1]" = "_rls" ]; then _rls "$@"; else compdef _rls rls; fi
"#;

const FISH: &str = "\
complete -c rls -f -k -a '(set -l words (commandline -opc) (commandline -ct); $words[1] __complete fish -- $words 2>/dev/null)'
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

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_rls_global_optspecs
    string join \n r/registry= u/username= password-stdin auth-file= anonymous ca-file= client-cert= client-key= insecure plain-http j/jobs= timeout= connect-timeout= read-timeout= retries= o/output= format= no-cache no-header no-trunc full color= progress= q/quiet v/verbose stats config= resolve= h/help V/version
end

function __fish_rls_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_rls_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_rls_using_subcommand
    set -l cmd (__fish_rls_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c rls -n "__fish_rls_needs_command" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_needs_command" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_needs_command" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_needs_command" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_needs_command" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_needs_command" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_needs_command" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_needs_command" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_needs_command" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_needs_command" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_needs_command" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_needs_command" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_needs_command" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_needs_command" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_needs_command" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_needs_command" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_needs_command" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_needs_command" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_needs_command" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_needs_command" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_needs_command" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_needs_command" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_needs_command" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_needs_command" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_needs_command" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_needs_command" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_needs_command" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_needs_command" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_needs_command" -s V -l version -d 'Print version'
complete -c rls -n "__fish_rls_needs_command" -f -a "repos" -d 'List repositories'
complete -c rls -n "__fish_rls_needs_command" -f -a "repositories" -d 'List repositories'
complete -c rls -n "__fish_rls_needs_command" -f -a "tags" -d 'List tags'
complete -c rls -n "__fish_rls_needs_command" -f -a "ls" -d 'List tags'
complete -c rls -n "__fish_rls_needs_command" -f -a "manifest" -d 'Show a manifest: digest, type, platforms, layers, config'
complete -c rls -n "__fish_rls_needs_command" -f -a "inspect" -d 'Show a manifest: digest, type, platforms, layers, config'
complete -c rls -n "__fish_rls_needs_command" -f -a "digest" -d 'Print the digest of a reference'
complete -c rls -n "__fish_rls_needs_command" -f -a "files" -d 'List the files of an image without pulling it'
complete -c rls -n "__fish_rls_needs_command" -f -a "cat" -d 'Print a file of an image without pulling it'
complete -c rls -n "__fish_rls_needs_command" -f -a "diff" -d 'Show what differs between two images'
complete -c rls -n "__fish_rls_needs_command" -f -a "find" -d 'Find tags by digest, label, annotation or base image'
complete -c rls -n "__fish_rls_needs_command" -f -a "check" -d 'Check that repositories are complete, or that the images named in a file exist'
complete -c rls -n "__fish_rls_needs_command" -f -a "snapshot" -d 'Print what every tag points to, for a later \'rls drift\''
complete -c rls -n "__fish_rls_needs_command" -f -a "drift" -d 'Show which tags moved or vanished since a snapshot'
complete -c rls -n "__fish_rls_needs_command" -f -a "wait" -d 'Wait until a reference exists, and print its digest'
complete -c rls -n "__fish_rls_needs_command" -f -a "referrers" -d 'Show what refers to an image: signatures, SBOMs, attestations'
complete -c rls -n "__fish_rls_needs_command" -f -a "du" -d 'Show how much storage tags and repositories use'
complete -c rls -n "__fish_rls_needs_command" -f -a "rm" -d 'Remove tags or manifests'
complete -c rls -n "__fish_rls_needs_command" -f -a "undo" -d 'Restore what was removed'
complete -c rls -n "__fish_rls_needs_command" -f -a "prune" -d 'Apply a retention rule to a repository\'s tags'
complete -c rls -n "__fish_rls_needs_command" -f -a "doctor" -d 'Find out why a registry does not work, and how to fix it'
complete -c rls -n "__fish_rls_needs_command" -f -a "login" -d 'Log in to a registry'
complete -c rls -n "__fish_rls_needs_command" -f -a "logout" -d 'Log out of a registry'
complete -c rls -n "__fish_rls_needs_command" -f -a "trust" -d 'Show the certificates of a registry, save its CA where clients look'
complete -c rls -n "__fish_rls_needs_command" -f -a "cache" -d 'Show or clear the cache of manifests and configs'
complete -c rls -n "__fish_rls_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c rls -n "__fish_rls_needs_command" -f -a "man" -d 'Write man pages, one per command'
complete -c rls -n "__fish_rls_needs_command" -f -a "compat" -d 'Run as docker-ls or docker-rm, or install links that do'
complete -c rls -n "__fish_rls_needs_command" -f -a "help" -d 'Show the help of a command, or a reference'
complete -c rls -n "__fish_rls_needs_command" -f -a "version" -d 'Print the version'
complete -c rls -n "__fish_rls_needs_command" -f -a "docker-cli-plugin-metadata" -d 'What docker asks its CLI plugins'
complete -c rls -n "__fish_rls_using_subcommand repos" -l prefix -d 'Only repositories whose name starts with PREFIX' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l limit -d 'Stop after N repositories across all registries' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l after -d 'Start after repository NAME, in the order of the registry' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repos" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repos" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repos" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repos" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repos" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand repos" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand repos" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand repos" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand repos" -l tags -d 'Also list each repository\'s tags'
complete -c rls -n "__fish_rls_using_subcommand repos" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand repos" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand repos" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand repos" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand repos" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand repos" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand repos" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand repos" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand repos" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand repos" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand repos" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand repos" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l prefix -d 'Only repositories whose name starts with PREFIX' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l limit -d 'Stop after N repositories across all registries' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l after -d 'Start after repository NAME, in the order of the registry' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repositories" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repositories" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repositories" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repositories" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand repositories" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand repositories" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand repositories" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand repositories" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand repositories" -l tags -d 'Also list each repository\'s tags'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand repositories" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand repositories" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand repositories" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand repositories" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand tags" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l limit -d 'At most N tags of each repository, after sorting' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l sort -d 'Sort order' -r -f -a "name\t'By name, bytewise'
version\t'By version, oldest first; 1.2-rc1 before 1.2, dates are versions, tags that are not versions come first'
created\t'Newest first, unknown last'
size\t'Largest first, unknown last'
none\t'As listed by the registry, printed as they arrive'"
complete -c rls -n "__fish_rls_using_subcommand tags" -l same-as -d 'Only tags that point to the same manifest as TAG: one extra request per tag' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l semver -d 'Only versions in RANGE, such as \'>=1.4, <2\'' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand tags" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand tags" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand tags" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand tags" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand tags" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand tags" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand tags" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand tags" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand tags" -s d -l digests -d 'Add the digest: one extra request per tag'
complete -c rls -n "__fish_rls_using_subcommand tags" -s l -l long -d 'Add digest, type, platforms, size and creation time: one extra request per tag, and a few per digest'
complete -c rls -n "__fish_rls_using_subcommand tags" -l reverse -d 'Reverse the order'
complete -c rls -n "__fish_rls_using_subcommand tags" -l group -d 'One row per digest, with all its tags: one extra request per tag'
complete -c rls -n "__fish_rls_using_subcommand tags" -l all -d 'Show tags of signatures, attestations and SBOMs in tables, too'
complete -c rls -n "__fish_rls_using_subcommand tags" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand tags" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand tags" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand tags" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand tags" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand tags" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand tags" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand tags" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand tags" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand tags" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand tags" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand tags" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand ls" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l limit -d 'At most N tags of each repository, after sorting' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l sort -d 'Sort order' -r -f -a "name\t'By name, bytewise'
version\t'By version, oldest first; 1.2-rc1 before 1.2, dates are versions, tags that are not versions come first'
created\t'Newest first, unknown last'
size\t'Largest first, unknown last'
none\t'As listed by the registry, printed as they arrive'"
complete -c rls -n "__fish_rls_using_subcommand ls" -l same-as -d 'Only tags that point to the same manifest as TAG: one extra request per tag' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l semver -d 'Only versions in RANGE, such as \'>=1.4, <2\'' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand ls" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand ls" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand ls" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand ls" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand ls" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand ls" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand ls" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand ls" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand ls" -s d -l digests -d 'Add the digest: one extra request per tag'
complete -c rls -n "__fish_rls_using_subcommand ls" -s l -l long -d 'Add digest, type, platforms, size and creation time: one extra request per tag, and a few per digest'
complete -c rls -n "__fish_rls_using_subcommand ls" -l reverse -d 'Reverse the order'
complete -c rls -n "__fish_rls_using_subcommand ls" -l group -d 'One row per digest, with all its tags: one extra request per tag'
complete -c rls -n "__fish_rls_using_subcommand ls" -l all -d 'Show tags of signatures, attestations and SBOMs in tables, too'
complete -c rls -n "__fish_rls_using_subcommand ls" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand ls" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand ls" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand ls" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand ls" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand ls" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand ls" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand ls" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand ls" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand ls" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand ls" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l platform -d 'Select this platform in an image index; --config and --history default to that of this machine' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand manifest" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand manifest" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand manifest" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand manifest" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand manifest" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand manifest" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand manifest" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand manifest" -l raw -d 'Print the exact stored bytes, whose hash is the digest'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l config -d 'Print the image config as indented JSON; with --raw its exact bytes'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l history -d 'Include the history of the image'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand manifest" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand manifest" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand manifest" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand manifest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l platform -d 'Select this platform in an image index; --config and --history default to that of this machine' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand inspect" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand inspect" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand inspect" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand inspect" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand inspect" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand inspect" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand inspect" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand inspect" -l raw -d 'Print the exact stored bytes, whose hash is the digest'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l config -d 'Print the image config as indented JSON; with --raw its exact bytes'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l history -d 'Include the history of the image'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand inspect" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand inspect" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand inspect" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand digest" -l platform -d 'The digest of the image for this platform in an image index' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand digest" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand digest" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand digest" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand digest" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand digest" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand digest" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand digest" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand digest" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand digest" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand digest" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand digest" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand digest" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand digest" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand digest" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand digest" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand digest" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand digest" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand digest" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand digest" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand digest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand files" -l depth -d 'Descend at most N levels; 1 lists a directory like ls' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l sort -d 'Sort order; none prints files as they are found, the topmost layer first' -r -f -a "path\t'By path'
size\t'By size, largest last'
none\t'As they are found'"
complete -c rls -n "__fish_rls_using_subcommand files" -l platform -d 'Select this platform in an image index [default: that of this machine, else the only one]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l max-unpacked -d 'Maximum unpacked size of a layer [default: 1 GiB, or 100 times its compressed size if that is more]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l max-window -d 'Maximum window of a zstd-compressed layer, which is held in memory [default: 8MiB]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand files" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand files" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand files" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand files" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand files" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand files" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand files" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand files" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand files" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand files" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand files" -s l -l long -d 'Show mode, owner, size and modification time like \'ls -l\', in plain output too'
complete -c rls -n "__fish_rls_using_subcommand files" -l reverse -d 'Reverse the order'
complete -c rls -n "__fish_rls_using_subcommand files" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand files" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand files" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand files" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand files" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand files" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand files" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand files" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand files" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand files" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand files" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand files" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand cat" -l platform -d 'Select this platform in an image index [default: that of this machine, else the only one]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l max-unpacked -d 'Maximum unpacked size of a layer [default: 1 GiB, or 100 times its compressed size if that is more]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l max-window -d 'Maximum window of a zstd-compressed layer, which is held in memory [default: 8MiB]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cat" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cat" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cat" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cat" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cat" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand cat" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand cat" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand cat" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand cat" -l verify -d 'Read the file\'s layer to its end and verify its digest'
complete -c rls -n "__fish_rls_using_subcommand cat" -l binary -d 'Print a binary file on a terminal'
complete -c rls -n "__fish_rls_using_subcommand cat" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand cat" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand cat" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand cat" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand cat" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand cat" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand cat" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand cat" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand cat" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand cat" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand cat" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand cat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand diff" -l platform -d 'Select this platform in an image index [default: that of this machine, else the only one]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l max-unpacked -d 'Maximum unpacked size of a layer [default: 1 GiB, or 100 times its compressed size if that is more]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l max-window -d 'Maximum window of a zstd-compressed layer, which is held in memory [default: 8MiB]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand diff" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand diff" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand diff" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand diff" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand diff" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand diff" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand diff" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand diff" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand diff" -l files -d 'Also compare the files: reads all layers that are not shared'
complete -c rls -n "__fish_rls_using_subcommand diff" -l exit-code -d 'Exit with 6 if there are differences'
complete -c rls -n "__fish_rls_using_subcommand diff" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand diff" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand diff" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand diff" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand diff" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand diff" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand diff" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand diff" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand diff" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand diff" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand diff" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand find" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l resume -d 'Record finished repositories in FILE and skip those recorded there, to continue an interrupted run' -r -F
complete -c rls -n "__fish_rls_using_subcommand find" -l digest -d 'Tags that reach this manifest, config (image ID) or layer' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l label -d 'Images with this label, and this value if one is given' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l annotation -d 'Manifests with this annotation, and this value if one is given' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l base -d 'Images that begin with all layers of this image, or name its digest in org.opencontainers.image.base.digest' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand find" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand find" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand find" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand find" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand find" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand find" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand find" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand find" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand find" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand find" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand find" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand find" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand find" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand find" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand find" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand find" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand find" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand find" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand find" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand find" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand find" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand find" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand check" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l resume -d 'Record finished repositories in FILE and skip those recorded there, to continue an interrupted run' -r -F
complete -c rls -n "__fish_rls_using_subcommand check" -l refs -d 'Check the images that FILE names; `-` is standard input' -r -F
complete -c rls -n "__fish_rls_using_subcommand check" -l platform -d 'With --refs: require each image for this platform' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand check" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand check" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand check" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand check" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand check" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand check" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand check" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand check" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand check" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand check" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand check" -l skip-blobs -d 'Do not check blobs, which costs one request each'
complete -c rls -n "__fish_rls_using_subcommand check" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand check" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand check" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand check" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand check" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand check" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand check" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand check" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand check" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand check" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand check" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l resume -d 'Record finished repositories in FILE and skip those recorded there, to continue an interrupted run' -r -F
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand snapshot" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand snapshot" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand drift" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand drift" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand drift" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand drift" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand drift" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand drift" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand drift" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand drift" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand drift" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand drift" -l added -d 'Also show new tags in the repositories of the snapshot'
complete -c rls -n "__fish_rls_using_subcommand drift" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand drift" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand drift" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand drift" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand drift" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand drift" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand drift" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand drift" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand drift" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand drift" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand drift" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand drift" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand wait" -l digest -d 'Until it has this digest' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l platform -d 'Until it has an image for this platform' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l interval -d 'Time between two checks' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand wait" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand wait" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand wait" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand wait" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand wait" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand wait" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand wait" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand wait" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand wait" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand wait" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand wait" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand wait" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand wait" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand wait" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand wait" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand wait" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand wait" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand wait" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand wait" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l depth -d 'At most N levels: 1 leaves out what refers to referrers' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l type -d 'Only this artifact type, or kind: signature, attestation, sbom, end-of-life, …; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand referrers" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand referrers" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand referrers" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand referrers" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand referrers" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand referrers" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand referrers" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand referrers" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand referrers" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand referrers" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand referrers" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand referrers" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand referrers" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand du" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand du" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand du" -l resume -d 'Record finished repositories in FILE and skip those recorded there, to continue an interrupted run' -r -F
complete -c rls -n "__fish_rls_using_subcommand du" -l sort -d 'Sort order' -r -f -a "name\t'By name, bytewise'
size\t'Largest first, unknown last'
unique\t'By what nothing else uses, largest first'"
complete -c rls -n "__fish_rls_using_subcommand du" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand du" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand du" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand du" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand du" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand du" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand du" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand du" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand du" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand du" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand du" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand du" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand du" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand du" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand du" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand du" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand du" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand du" -s a -l all -d 'Show the tags of every repository of a registry, too'
complete -c rls -n "__fish_rls_using_subcommand du" -s s -l summarize -d 'Show only the totals of repositories and registries'
complete -c rls -n "__fish_rls_using_subcommand du" -l reverse -d 'Reverse the order'
complete -c rls -n "__fish_rls_using_subcommand du" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand du" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand du" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand du" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand du" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand du" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand du" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand du" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand du" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand du" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand du" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand du" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand rm" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -l keep-used -d 'Keep the images that FILE names (`-` is standard input): pods, charts, compose files, or one reference per line' -r -F
complete -c rls -n "__fish_rls_using_subcommand rm" -l save-plan -d 'Save the plan to FILE; change nothing' -r -F
complete -c rls -n "__fish_rls_using_subcommand rm" -l apply -d 'Apply a saved plan (`-` is standard input), except for what has changed since' -r -F
complete -c rls -n "__fish_rls_using_subcommand rm" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand rm" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand rm" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand rm" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand rm" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand rm" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand rm" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand rm" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand rm" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand rm" -s n -l dry-run -d 'Show what would be removed; change nothing'
complete -c rls -n "__fish_rls_using_subcommand rm" -s y -l yes -d 'Do not ask for confirmation'
complete -c rls -n "__fish_rls_using_subcommand rm" -l ignore-missing -d 'Ignore tags and manifests that do not exist'
complete -c rls -n "__fish_rls_using_subcommand rm" -l with-siblings -d 'Remove the whole manifest of a tag, with all the tags on it'
complete -c rls -n "__fish_rls_using_subcommand rm" -l placeholder -d 'Where a tag cannot be removed alone, push a tiny manifest to it and delete that; needs permission to push'
complete -c rls -n "__fish_rls_using_subcommand rm" -l all-tags -d 'Remove REPO@DIGEST with all tags on it; with REPO alone, remove all its tags'
complete -c rls -n "__fish_rls_using_subcommand rm" -l force -d 'Remove a manifest even if this breaks an image index that lists it'
complete -c rls -n "__fish_rls_using_subcommand rm" -l purge -d 'Also delete what no tag needs any longer: the manifest, its platform manifests and their referrers'
complete -c rls -n "__fish_rls_using_subcommand rm" -l with-referrers -d 'Also remove the signatures, SBOMs and attestations of what is removed'
complete -c rls -n "__fish_rls_using_subcommand rm" -l no-undo -d 'Do not save a copy of what is removed for rls undo'
complete -c rls -n "__fish_rls_using_subcommand rm" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand rm" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand rm" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand rm" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand rm" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand rm" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand rm" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand rm" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand rm" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand rm" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand rm" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand undo" -l last -d 'Restore the last N runs; with --list, show only the last N' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand undo" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand undo" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand undo" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand undo" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand undo" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand undo" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand undo" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand undo" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand undo" -l list -d 'List the runs that can be undone'
complete -c rls -n "__fish_rls_using_subcommand undo" -s n -l dry-run -d 'Show what would be restored; change nothing'
complete -c rls -n "__fish_rls_using_subcommand undo" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand undo" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand undo" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand undo" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand undo" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand undo" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand undo" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand undo" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand undo" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand undo" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand undo" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand prune" -l match-repo -d 'Instead of REPO: repositories in the catalog that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l keep-last -d 'Keep the N newest tags, or with --sort version the N highest versions, of those selected' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l keep -d 'Keep tags that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l keep-newer-than -d 'Keep tags created within AGE, and tags of unknown creation time' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l keep-semver -d 'Keep versions in RANGE, such as \'>=1.4, <2\' or \'^1.4\'' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l keep-used -d 'Keep the images that FILE names, by tag or digest; `-` reads standard input' -r -F
complete -c rls -n "__fish_rls_using_subcommand prune" -l older-than -d 'Remove only tags older than AGE' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l match -d 'Only names that match GLOB; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l exclude -d 'Exclude names that match GLOB; repeatable, takes precedence over --match' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l sort -d 'What --keep-last counts by, and the order of the plan [default: created]' -r -f -a "created\t'The newest image first'
version\t'The highest version first'"
complete -c rls -n "__fish_rls_using_subcommand prune" -l save-plan -d 'Save the plan to FILE, for rls rm --apply' -r -F
complete -c rls -n "__fish_rls_using_subcommand prune" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand prune" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand prune" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand prune" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand prune" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand prune" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand prune" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand prune" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand prune" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand prune" -l untag-only -d 'Remove only tags; manifests stay until the garbage collection of the registry'
complete -c rls -n "__fish_rls_using_subcommand prune" -l allow-empty -d 'Allow a rule to remove every tag of a repository'
complete -c rls -n "__fish_rls_using_subcommand prune" -l no-config-rule -d 'Ignore the rules in the configuration file'
complete -c rls -n "__fish_rls_using_subcommand prune" -s y -l yes -d 'Apply the plan'
complete -c rls -n "__fish_rls_using_subcommand prune" -s n -l dry-run -d 'Print the plan, change nothing; the default without --yes'
complete -c rls -n "__fish_rls_using_subcommand prune" -l placeholder -d 'Where a tag cannot be removed alone, push a tiny manifest to it and delete that; needs permission to push'
complete -c rls -n "__fish_rls_using_subcommand prune" -l no-undo -d 'Do not save copies of what is removed for rls undo'
complete -c rls -n "__fish_rls_using_subcommand prune" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand prune" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand prune" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand prune" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand prune" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand prune" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand prune" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand prune" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand prune" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand prune" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand prune" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l need -d 'Fail if this is not permitted [default: pull]' -r -f -a "pull\t'Pull from the repository'
push\t'Push to the repository'
delete\t'Delete manifests of the repository'
catalog\t'List repositories'"
complete -c rls -n "__fish_rls_using_subcommand doctor" -l explain -d 'Explain an error text of docker, podman, containerd, kubelet, skopeo or crane, without contacting a registry' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand doctor" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand doctor" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand doctor" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand doctor" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand doctor" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand doctor" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand doctor" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand doctor" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand doctor" -l push -d 'Same as --need push'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand doctor" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand doctor" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand doctor" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand login" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand login" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand login" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand login" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand login" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand login" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand login" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand login" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand login" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand login" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand login" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand login" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand login" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand login" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand login" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand login" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand login" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand login" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand login" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand login" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand login" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand login" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand login" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand login" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand login" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand login" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand login" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand login" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand logout" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand logout" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand logout" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand logout" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand logout" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand logout" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand logout" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand logout" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand logout" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand logout" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand logout" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand logout" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand logout" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand logout" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand logout" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand logout" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand logout" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand logout" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand logout" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand logout" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand trust" -l fingerprint -d 'Accept the certificate with this SHA-256, as `openssl x509 -noout -fingerprint -sha256` prints it' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -l write -d 'Write the CA where CLIENT looks [default: rls]' -r -f -a "rls\t'This program'
docker\t'Docker daemon'
podman\t'Podman, skopeo, buildah, CRI-O'
containerd\t'containerd, also under Kubernetes'
k3s\t'k3s and rke2'"
complete -c rls -n "__fish_rls_using_subcommand trust" -l from-secret -d 'Take the CA from a Kubernetes secret (ca.crt, tls.crt), in YAML or JSON' -r -F
complete -c rls -n "__fish_rls_using_subcommand trust" -l check -d 'Identify files with certificates and keys, and where each belongs' -r -F
complete -c rls -n "__fish_rls_using_subcommand trust" -l config -d 'Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]' -r -F
complete -c rls -n "__fish_rls_using_subcommand trust" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand trust" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand trust" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand trust" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand trust" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand trust" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand trust" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand trust" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand trust" -l force -d 'Replace a different certificate in the same place'
complete -c rls -n "__fish_rls_using_subcommand trust" -l pem -d 'Print the certificate that clients need as PEM, and nothing else'
complete -c rls -n "__fish_rls_using_subcommand trust" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand trust" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand trust" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand trust" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand trust" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand trust" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand trust" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand trust" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand trust" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand trust" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand trust" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand trust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand cache" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cache" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cache" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cache" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand cache" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand cache" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand cache" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand cache" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand cache" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand cache" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand cache" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand cache" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand cache" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand cache" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand cache" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand cache" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand cache" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand cache" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand cache" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand cache" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand completions" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand completions" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand completions" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand completions" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand completions" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand completions" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand completions" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand completions" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand completions" -l static -d 'Complete only commands and options, nothing from registries; powershell and elvish have no other script'
complete -c rls -n "__fish_rls_using_subcommand completions" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand completions" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand completions" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand completions" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand completions" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand completions" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand completions" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand completions" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand completions" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand completions" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand completions" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand man" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand man" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand man" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand man" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand man" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand man" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand man" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand man" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand man" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand man" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand man" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand man" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand man" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand man" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand man" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand man" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand man" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand man" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand man" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand man" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand man" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand man" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand man" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand man" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand man" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand man" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand man" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand compat" -l install -d 'Make links in DIR: docker-ls and docker-rm, or, if DIR is named cli-plugins, docker-tags' -r -F
complete -c rls -n "__fish_rls_using_subcommand compat" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand compat" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand compat" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand compat" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand compat" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand compat" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand compat" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand compat" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand compat" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand compat" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand compat" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand compat" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand compat" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand compat" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand compat" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand compat" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand compat" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand compat" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand compat" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand compat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand help" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand help" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand help" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand help" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand help" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand help" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand help" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand help" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand help" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand help" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand help" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand help" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand help" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand help" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand help" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand help" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand help" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand help" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand help" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand help" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand help" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand help" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand help" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand help" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand help" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand help" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand help" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand version" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand version" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand version" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand version" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand version" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand version" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand version" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand version" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand version" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand version" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand version" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand version" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand version" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand version" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand version" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand version" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand version" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand version" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand version" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand version" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand version" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand version" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand version" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand version" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand version" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand version" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand version" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -s r -l registry -d 'The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -s u -l username -d 'User name; asks for the password on a terminal [env: RLS_USERNAME]' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l auth-file -d 'Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l ca-file -d 'CA certificates to trust in addition to the system\'s; repeatable [env: RLS_CA_FILE]' -r -F
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l client-cert -d 'Client certificate with its chain [env: RLS_CLIENT_CERT]' -r -F
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l client-key -d 'The client certificate\'s private key [env: RLS_CLIENT_KEY]' -r -F
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -s j -l jobs -d 'Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l timeout -d 'Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l connect-timeout -d 'Time limit for connecting, TCP and TLS together [default: 10s]' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l read-timeout -d 'Time limit for a server that sends nothing, before or within a reply [default: 60s]' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l retries -d 'Retries for transient failures [default: 3]' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -s o -l output -d 'Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]' -r -f -a "table\t'Aligned columns, sizes and times for people'
plain\t'One item per line, fields separated by tabs, nothing shortened'
json\t'A single array'
jsonl\t'One object per line, as it arrives'
yaml\t'A single list'
csv\t'A header and one row per record, for spreadsheets and databases'"
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l format -d 'Print one line per record, such as \'{{ tag }} {{ digest }}\'; @NAME is a template from the configuration file' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l color -d 'When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l progress -d 'When to show progress, on a terminal\'s standard error only [default: auto]' -r -f -a "auto\t'When standard error is a terminal'
never\t'Never'"
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l resolve -d 'Connect to ADDR for HOST:PORT, as curl does; repeatable' -r
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l password-stdin -d 'Read the password from standard input [env: RLS_PASSWORD holds the password itself]'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l anonymous -d 'Send no credentials'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l insecure -d 'Do not verify the server\'s certificate; warns on every run [env: RLS_INSECURE]'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l plain-http -d 'Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l no-cache -d 'Do not use or fill the cache of manifests and configs'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l no-header -d 'Omit the table header'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l no-trunc -d 'Shorten nothing in tables, however narrow the terminal'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l full -d 'Print full names, with the registry, which rls reads back whatever the default registry is'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -s q -l quiet -d 'No progress, warnings or hints'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -s v -l verbose -d 'Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -l stats -d 'Print statistics at the end: requests, retries, token fetches, bytes, seconds'
complete -c rls -n "__fish_rls_using_subcommand docker-cli-plugin-metadata" -s h -l help -d 'Print help (see more with \'--help\')'

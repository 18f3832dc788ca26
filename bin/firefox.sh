# Find a Firefox, or install one. Sourced after lib.sh; sets FIREFOX.

find_firefox() {
    an_installed_firefox && return
    apt_install firefox-esr "the tests in tests/browser" && an_installed_firefox
}

an_installed_firefox() {
    for browser in "${FIREFOX-}" firefox-esr firefox "/Applications/Firefox.app/Contents/MacOS/firefox"; do
        FIREFOX=$(command -v "$browser") && "$FIREFOX" --version >/dev/null 2>&1 && return
    done
    return 1
}

# Find a Chromium, or install one. Sourced after lib.sh; sets CHROMIUM.

# Set HEADLESS_SHELL: Chromium without its windows, which needs less than half the CPU. A CHROMIUM that is set wins.
find_headless_shell() {
    HEADLESS_SHELL=
    [ -z "${CHROMIUM-}" ] || return 0
    has chromium-headless-shell || apt_install chromium-headless-shell "the tests in tests/browser" || return 0
    HEADLESS_SHELL=$(command -v chromium-headless-shell)
}

find_chromium() {
    an_installed_chromium && return
    apt_install chromium "the tests in tests/browser" && an_installed_chromium && return
    say "Installing Chromium for the tests in tests/browser ..."
    .venv/bin/python -m playwright install chromium >.venv/chromium.log 2>&1 && runs "$(chromium_of_playwright)"
}

an_installed_chromium() {
    for browser in "${CHROMIUM-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        runs "$browser" && return
    done
    runs "$(chromium_of_playwright)"
}

runs() {
    CHROMIUM=$(command -v "$1") && "$CHROMIUM" --version >/dev/null 2>&1
}

chromium_of_playwright() {
    .venv/bin/python - 2>/dev/null <<'END'
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
END
}

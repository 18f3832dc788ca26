// Drafts: what is in the composer outlives a reload, in this tab alone. Each is named by whose it is and the address it
// is sent to, so nobody is shown another person's. Signing out clears those of its tab; a draft that was sent goes from
// the tabs that were copied from this one, too.
const drafts = {
  all: kept("sessionStorage"),
  tabs: channel("drafts"),

  keep(place, text) { if (text) this.all[place] = text; else delete this.all[place] },

  // What somebody wrote before they signed in is theirs.
  of(place) {
    const nobodys = place.replace(/^\w+/, "")
    if (!this.all[place] && this.all[nobodys]) {
      this.keep(place, this.all[nobodys])
      this.keep(nobodys)
    }
    return this.all[place] ?? ""
  },

  sent(place, text) {
    this.keep(place)
    this.tabs.postMessage({ place, text })
  },

  wasSent({ place, text }) {
    const same = this.all[place] === text
    if (same) this.keep(place)
    return same
  },
}
{
  document.addEventListener("submit", ({ target }) => {
    if (target.matches("[action$='/sign-out']")) Object.keys(drafts.all).forEach(place => drafts.keep(place))
  })
  // A page that the browser kept as it was may be of somebody who has signed out since.
  addEventListener("pageshow", event => { if (event.persisted) location.reload() })
}

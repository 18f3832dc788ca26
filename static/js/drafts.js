// Drafts: the composer's text survives a reload, in this tab only. A draft's key is its author and the form's address,
// so nobody sees another person's. Signing out deletes all drafts of the tab. Sending one deletes it in duplicated
// tabs, too.
const drafts = {
  all: kept("sessionStorage"),
  tabs: channel("drafts"),

  keep(place, text) { if (text) this.all[place] = text; else delete this.all[place] },

  // A draft written before signing in belongs to the user who signed in.
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
  // A page from the back/forward cache can belong to a user who has signed out since.
  addEventListener("pageshow", event => { if (event.persisted) location.reload() })
}

// Code and copying: each block of code gets two buttons. "Wrap" breaks its long lines, now and on later pages. "Copy"
// takes the code beside it, or for an answer fetches its Markdown, and shows whether that worked.
{
  const settings = kept("localStorage")
  const make = (name, textContent, ariaLabel) => Object.assign(document.createElement("button"), {
    className: `${name} quiet`, type: "button", translate: true, textContent, ariaLabel,
  })
  const wrap = make("wrap", "Wrap", "Wrap lines")
  const button = make("copy", "Copy", "Copy code")
  wrap.ariaPressed = settings.wrap ?? false

  // Safari copies only a promise made during the click. A page over plain HTTP has no clipboard except in a copy event.
  const copy = async text => {
    if (navigator.clipboard) {
      const blob = text.then(text => new Blob([text], { type: "text/plain" }))
      return Promise.all([blob, navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })])])
    }
    const said = await text
    document.addEventListener("copy", event => {
      event.clipboardData.setData("text/plain", said)
      event.preventDefault()
    }, { once: true })
    if (!document.execCommand("copy")) throw Error("This browser doesn't allow copying here.")
  }

  const fetched = async address => {
    const response = await fetch(address)
    if (response.ok) return response.text()
    throw Error(response.statusText)
  }

  const say = (button, word) => {
    button.textContent = word
    announce(word)
    setTimeout(() => {
      button.textContent = "Copy"
      announce("")
    }, 2000)
  }

  document.addEventListener("click", event => {
    const button = event.target.closest?.(".copy, .wrap")
    if (button?.ariaPressed) return button.ariaPressed = wrap.ariaPressed = settings.wrap = button.ariaPressed === "false"
    if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    const code = () => button.closest(":has(code)").querySelector("code").textContent.replace(/\n$/, "")
    const text = button.href ? fetched(button.href) : Promise.resolve(code())
    copy(text).then(() => say(button, "Copied"), () => say(button, "Couldn't copy"))
  })

  const offer = () => {
    // A loop over one tag name: a selector for all of this takes sixty times as long on a long page.
    for (const caption of document.getElementsByTagName("figcaption"))
      if (caption.lastElementChild?.className !== button.className) caption.append(wrap.cloneNode(true), button.cloneNode(true))
  }
  document.addEventListener("htmx:after:swap", offer)
  offer()
}

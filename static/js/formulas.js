// Copying formulas: copy their LaTeX, since the browser would copy loose letters.
document.addEventListener("copy", event => {
  const selection = getSelection()
  if (event.defaultPrevented || !selection.rangeCount || event.target.closest?.("input, textarea")) return
  const range = selection.getRangeAt(0).cloneRange()
  const around = node => (node.nodeType === 1 ? node : node.parentElement).closest("math")
  const [first, last] = [around(range.startContainer), around(range.endContainer)]
  if (first) range.setStartBefore(first)
  if (last) range.setEndAfter(last)
  const copied = document.createElement("div")
  copied.append(range.cloneContents())
  const formulas = copied.querySelectorAll("math")
  if (!formulas.length) return
  for (const formula of formulas) {
    const source = formula.querySelector("annotation").textContent.trim()
    const sign = formula.getAttribute("display") === "block" ? "$$" : "$"
    formula.replaceWith(sign + source + sign)
  }
  for (const button of copied.querySelectorAll("button")) button.remove()
  // innerText has line breaks only for an element in the page.
  copied.className = "visually-hidden"
  document.body.append(copied)
  event.clipboardData.setData("text/plain", copied.innerText)
  copied.remove()
  event.preventDefault()
})

// Growing: append an answer's next HTML to its open block, the innermost last one. An empty comment closes that block,
// and <!x> removes the last one. No answer contains either comment.
{
  const blocks = "blockquote, div, figure, h1, h2, h3, h4, h5, h6, li, ol, p, pre, pre > code, section, table, tbody, " +
    "td, th, thead, tr, ul"

  const open = place => place.lastChild?.matches?.(blocks) ? open(place.lastChild) : place

  htmx.registerExtension("growing", {
    handle_swap: (style, body, fragment) => {
      if (style !== "grow") return
      let place = open(body)
      for (const node of [...fragment.childNodes]) {
        if (node.nodeType !== Node.COMMENT_NODE) place.append(node)
        else if (node.data) place.lastElementChild.remove()
        else place = place.parentElement
      }
      return true
    },
  })
}

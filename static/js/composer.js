// The composer: Enter sends where there is a keyboard; what can't be sent says so and stays in the box.
{
  const touch = matchMedia("(pointer: coarse)")

  addEventListener("keydown", event => {
    if (event.target.id !== "text" || event.key !== "Enter" || event.shiftKey || event.isComposing || touch.matches) return
    event.preventDefault()
    event.target.form.requestSubmit()
  })

  document.addEventListener("htmx:error", event => {
    const problem = document.getElementById("problem")
    if (event.target.id !== "composer" || !problem) return
    const sentence = document.createElement("p")
    sentence.className = "problem"
    sentence.textContent = "Rivulet can't be reached just now. Your text is still here; send it again in a moment."
    problem.replaceChildren(sentence)
  })
}

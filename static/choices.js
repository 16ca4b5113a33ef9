// Fills the choices of a field while somebody types, where Accurate's list is too long for the page.
for (const field of document.querySelectorAll("input[data-more]")) {
  let waiting;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const answer = await fetch(`${field.dataset.more}&q=${encodeURIComponent(field.value)}`);
      if (answer.ok) document.getElementById(field.getAttribute("list")).innerHTML = await answer.text();
    }, 200);
  });
}

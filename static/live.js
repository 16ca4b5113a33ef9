// A page that updates itself says so when it no longer can.
const root = document.documentElement;
for (const trouble of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(trouble, () => { root.dataset.stale = "true"; });
}
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail?.ctx?.swap !== "none") delete root.dataset.stale;
});

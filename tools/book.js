// What is wider than its place can be scrolled by keyboard; all else is no stop on the way through the page.
const watch = new ResizeObserver((boxes) => {
  for (const { target } of boxes) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const box of document.querySelectorAll("pre, .table-wrapper, .math-wrapper, .cell_output .output")) watch.observe(box);

// A page opened from a file may not read the others: the search then shows no excerpts.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
